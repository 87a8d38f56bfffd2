// etcd_bench is a closed-loop load generator for etcd v3 over the official client. Its flags, keys,
// values and JSON report match grey_bench, so that compare.py can put the two side by side.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const valuePoolSize = 1 << 20

// settings are the command line, see usage texts in parseSettings.
type settings struct {
	endpoints       []string
	operation       string
	connections     int
	grpcConnections int
	keys            int
	valueSize       int
	seconds         float64
	warmup          float64
	timeout         time.Duration
	json            bool
}

// window is the measured part of a run; what ends before it is warm-up.
type window struct{ begin, end time.Time }

// tally is what one worker saw. Only its worker touches it until the run is over.
type tally struct {
	latencies   []time.Duration // of requests that belong to the window
	completions []time.Duration // successes inside the window, since its begin
	total       int             // all successes, warm-up included
	errors      map[string]int
}

func parseSettings() settings {
	var s settings
	var endpoints string
	var timeout float64
	flag.StringVar(&endpoints, "endpoints", "127.0.0.1:2379", "members, comma-separated; clients are spread over them")
	flag.StringVar(&s.operation, "op", "put", "put|get|stale-get|mixed|load")
	flag.IntVar(&s.connections, "connections", 64, "closed-loop workers, each with one request under way")
	flag.IntVar(&s.grpcConnections, "grpc-connections", 0, "gRPC connections the workers share (0: at most 6)")
	flag.IntVar(&s.keys, "keys", 100000, "key space")
	flag.IntVar(&s.valueSize, "value-size", 256, "bytes of a value")
	flag.Float64Var(&s.seconds, "seconds", 10, "measured seconds")
	flag.Float64Var(&s.warmup, "warmup", 1, "seconds before measuring")
	flag.Float64Var(&timeout, "timeout", 5, "seconds a request may take")
	flag.BoolVar(&s.json, "json", false, "print one JSON object")
	flag.Parse()
	s.endpoints = strings.Split(endpoints, ",")
	s.timeout = time.Duration(timeout * float64(time.Second))
	switch s.operation {
	case "put", "get", "stale-get", "mixed", "load":
	default:
		fail(2, "unknown --op "+s.operation)
	}
	if s.connections < 1 || s.keys < 1 || s.valueSize < 0 || s.valueSize > valuePoolSize/2 {
		fail(2, "--connections, --keys or --value-size is out of range")
	}
	if s.grpcConnections <= 0 {
		// More connections cost etcd more CPU and win nothing: gRPC carries all workers over a few.
		s.grpcConnections = s.connections
		if s.grpcConnections > 6 {
			s.grpcConnections = 6
		}
	}
	return s
}

func fail(status int, text string) {
	fmt.Fprintln(os.Stderr, "etcd_bench: "+text)
	os.Exit(status)
}

func key(index int) string {
	return fmt.Sprintf("bench/k%013d", uint64(index)*2654435761%10000000000000)
}

// valuePool returns random text; a value is a window of it at a random place, so that values differ
// and a store that compresses gains no more than it would on real data.
func valuePool(seed int64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewSource(seed))
	pool := make([]byte, valuePoolSize)
	for i := range pool {
		pool[i] = letters[random.Intn(len(letters))]
	}
	return string(pool)
}

func connect(s settings) []*clientv3.Client {
	clients := make([]*clientv3.Client, s.grpcConnections)
	for i := range clients {
		client, err := clientv3.New(clientv3.Config{
			Endpoints:   []string{s.endpoints[i%len(s.endpoints)]},
			DialTimeout: 10 * time.Second,
		})
		if err != nil {
			fail(1, err.Error())
		}
		clients[i] = client
	}
	return clients
}

// source hands out the requests of one worker.
type source struct {
	settings settings
	random   *rand.Rand
	pool     string
	cursor   *int64 // next key to load, shared by all workers
}

// next returns the operation and key index; false when a load has handed out every key.
func (s *source) next() (string, int, bool) {
	if s.settings.operation == "load" {
		index := int(atomic.AddInt64(s.cursor, 1) - 1)
		return "put", index, index < s.settings.keys
	}
	index := s.random.Intn(s.settings.keys)
	if s.settings.operation != "mixed" {
		return s.settings.operation, index, true
	}
	if s.random.Intn(10) == 0 {
		return "put", index, true
	}
	return "get", index, true
}

// execute performs one request and names the kind of its failure, "" for none.
func (s *source) execute(client *clientv3.Client, operation string, index int) string {
	ctx, cancel := context.WithTimeout(context.Background(), s.settings.timeout)
	defer cancel()
	var answer *clientv3.GetResponse
	var err error
	switch operation {
	case "put":
		at := s.random.Intn(len(s.pool) - s.settings.valueSize)
		_, err = client.Put(ctx, key(index), s.pool[at:at+s.settings.valueSize])
	case "get":
		answer, err = client.Get(ctx, key(index))
	case "stale-get":
		answer, err = client.Get(ctx, key(index), clientv3.WithSerializable())
	}
	switch {
	case err == context.DeadlineExceeded:
		return "timeout"
	case err != nil:
		return fmt.Sprintf("%.80s", err.Error())
	case operation != "put" && len(answer.Kvs) == 0:
		return "not_found"
	case operation != "put" && len(answer.Kvs[0].Value) != s.settings.valueSize:
		return "wrong_size"
	}
	return ""
}

// work repeats requests until the window ends, or until a load has put every key.
func work(s *source, client *clientv3.Client, w window, t *tally) {
	loading := s.settings.operation == "load"
	for {
		operation, index, more := s.next()
		begin := time.Now()
		if !more || (!loading && !begin.Before(w.end)) {
			return
		}
		for {
			kind := s.execute(client, operation, index)
			end := time.Now()
			measured := loading || (!end.Before(w.begin) && begin.Before(w.end))
			if kind == "" {
				t.total++
				if measured {
					t.latencies = append(t.latencies, end.Sub(begin))
				}
				if measured && (loading || !end.After(w.end)) {
					t.completions = append(t.completions, end.Sub(w.begin))
				}
				break
			}
			if measured {
				t.errors[kind]++
			}
			time.Sleep(2 * time.Millisecond) // the same pause as grey_bench: do not hammer a sick server
			if !loading {
				break
			}
		}
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// longestGap returns the longest time without a success, and when it began, both in the window.
func longestGap(completions []time.Duration, length time.Duration) (gap, at time.Duration) {
	sort.Slice(completions, func(i, j int) bool { return completions[i] < completions[j] })
	last := time.Duration(0)
	for _, completion := range append(completions, length) {
		if completion-last > gap {
			gap, at = completion-last, last
		}
		last = completion
	}
	return gap, at
}

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted))+0.999999) - 1
	if rank < 0 {
		rank = 0
	}
	if rank >= len(sorted) {
		rank = len(sorted) - 1
	}
	return float64(sorted[rank]) / 1e3
}

func report(s settings, tallies []tally, length, cpu time.Duration) {
	var latencies, completions []time.Duration
	errors := map[string]int{}
	total, failed := 0, 0
	sum := time.Duration(0)
	for _, t := range tallies {
		latencies = append(latencies, t.latencies...)
		completions = append(completions, t.completions...)
		total += t.total
		for kind, count := range t.errors {
			errors[kind] += count
			failed += count
		}
	}
	sort.Slice(latencies, func(i, j int) bool { return latencies[i] < latencies[j] })
	for _, latency := range latencies {
		sum += latency
	}
	gap, gapAt := longestGap(completions, length)
	operations := len(completions)
	divisor := float64(operations)
	if divisor == 0 {
		divisor = 1
	}
	fields := map[string]interface{}{
		"bench": "etcd_bench", "op": s.operation, "connections": s.connections, "keys": s.keys,
		"value_size": s.valueSize, "seconds": length.Seconds(), "ops": operations, "ops_total": total,
		"ops_per_s": float64(operations) / length.Seconds(),
		"p50_us":    quantile(latencies, .5), "p90_us": quantile(latencies, .9), "p99_us": quantile(latencies, .99),
		"p999_us": quantile(latencies, .999), "max_us": quantile(latencies, 1), "mean_us": float64(sum) / 1e3 / divisor,
		"errors": failed, "errors_by_kind": errors,
		"longest_gap_ms": float64(gap) / 1e6, "longest_gap_at_s": gapAt.Seconds(),
		"client_cpu_us_per_op": float64(cpu) / 1e3 / divisor,
	}
	if s.json {
		encoded, err := json.Marshal(fields)
		if err != nil {
			fail(1, err.Error())
		}
		fmt.Println(string(encoded))
	} else {
		fmt.Printf("%s: %.0f ops/s, p50 %.0f p99 %.0f p99.9 %.0f us, longest gap %.1f ms, errors %d %v\n",
			s.operation, fields["ops_per_s"], fields["p50_us"], fields["p99_us"], fields["p999_us"],
			fields["longest_gap_ms"], failed, errors)
	}
	if total == 0 {
		os.Exit(1)
	}
}

func main() {
	s := parseSettings()
	clients := connect(s)
	seed := time.Now().UnixNano()
	pool := valuePool(seed)
	cursor := int64(0)
	tallies := make([]tally, s.connections)
	start := time.Now()
	w := window{begin: start, end: start}
	if s.operation != "load" {
		w.begin = start.Add(time.Duration(s.warmup * 1e9))
		w.end = w.begin.Add(time.Duration(s.seconds * 1e9))
	}
	var group sync.WaitGroup
	for i := range tallies {
		tallies[i].errors = map[string]int{}
		own := &source{s, rand.New(rand.NewSource(seed + int64(i)*7919)), pool, &cursor}
		group.Add(1)
		go func(i int) {
			defer group.Done()
			work(own, clients[i%len(clients)], w, &tallies[i])
		}(i)
	}
	time.Sleep(time.Until(w.begin))
	cpuBegin := cpuTime()
	if s.operation == "load" {
		group.Wait()
		w.end = time.Now()
	}
	time.Sleep(time.Until(w.end))
	cpu := cpuTime() - cpuBegin
	group.Wait()
	report(s, tallies, w.end.Sub(w.begin), cpu)
}
