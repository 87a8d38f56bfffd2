// delay_queue QUEUE DELAY_MS JITTER_MS LOSS_PERCENT [SEED]: holds each packet of an NFQUEUE for
// DELAY_MS and up to JITTER_MS more, each packet for itself, so that they overtake one another;
// loses LOSS_PERCENT of them. It stands in for netem, which not every kernel has. Runs until it is
// killed.
//
// Put it on INPUT. On OUTPUT the sender's socket buffer would wait for the delay too.
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <random>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr uint32_t kQueueLength = 100'000;  // packets that may be held at once

struct Held {
  Clock::time_point due;
  uint32_t id;
  bool operator<(const Held& other) const { return due > other.due; }
};

struct Line {
  std::chrono::microseconds delay, jitter;
  double loss;
  std::mt19937_64 random;
  std::priority_queue<Held> held;
};

int on_packet(nfq_q_handle* queue, nfgenmsg*, nfq_data* packet, void* context) {
  Line& line = *static_cast<Line*>(context);
  const nfqnl_msg_packet_hdr* header = nfq_get_msg_packet_hdr(packet);
  if (!header) return 0;
  const uint32_t id = ntohl(header->packet_id);
  std::uniform_real_distribution<double> part(0, 1);
  if (part(line.random) < line.loss) return nfq_set_verdict(queue, id, NF_DROP, 0, nullptr);
  const auto jitter = std::chrono::duration_cast<Clock::duration>(line.jitter * part(line.random));
  line.held.push({Clock::now() + line.delay + jitter, id});
  return 0;
}

void release_due(nfq_q_handle* queue, Line* line) {
  while (!line->held.empty() && line->held.top().due <= Clock::now()) {
    nfq_set_verdict(queue, line->held.top().id, NF_ACCEPT, 0, nullptr);
    line->held.pop();
  }
}

timespec until_due(const Line& line) {
  if (line.held.empty()) return {1, 0};
  const auto left =
      std::chrono::duration_cast<std::chrono::nanoseconds>(line.held.top().due - Clock::now());
  if (left.count() <= 0) return {0, 0};
  return {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
}

int run(nfq_handle* handle, nfq_q_handle* queue, Line* line) {
  std::vector<char> buffer(1 << 16);
  pollfd wanted = {nfq_fd(handle), POLLIN, 0};
  while (true) {
    const timespec wait = until_due(*line);
    if (ppoll(&wanted, 1, &wait, nullptr) > 0) {
      const ssize_t size = recv(wanted.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      // Packets that found no room in the socket's buffer are lost, as on a real line.
      if (size < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
        std::perror("delay_queue: recv");
        return 1;
      }
      if (size > 0) nfq_handle_packet(handle, buffer.data(), static_cast<int>(size));
    }
    release_due(queue, line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    std::fprintf(stderr, "usage: delay_queue QUEUE DELAY_MS JITTER_MS LOSS_PERCENT [SEED]\n");
    return 2;
  }
  const auto micros = [&](int i) {
    return std::chrono::microseconds(static_cast<int64_t>(std::atof(argv[i]) * 1000));
  };
  Line line = {micros(2),
               micros(3),
               std::atof(argv[4]) / 100,
               std::mt19937_64(argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 1),
               {}};
  nfq_handle* handle = nfq_open();
  nfq_q_handle* queue = handle ? nfq_create_queue(handle, static_cast<uint16_t>(std::atoi(argv[1])),
                                                  &on_packet, &line)
                               : nullptr;
  // Only ids are needed, and a packet that the card or the sender joined stays whole.
  if (!queue || nfq_set_mode(queue, NFQNL_COPY_META, 0) < 0 ||
      nfq_set_queue_maxlen(queue, kQueueLength) < 0) {
    std::perror("delay_queue");
    return 1;
  }
  nfq_set_queue_flags(queue, NFQA_CFG_F_GSO, NFQA_CFG_F_GSO);
  std::puts("ready");
  std::fflush(stdout);
  return run(handle, queue, &line);
}
