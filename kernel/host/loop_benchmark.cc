// Figures of the hand-overs that stand in the way of every request: between loops, to the disk and
// back, over a socket and back. Usage: loop_benchmark [DIRECTORY for the file, default "."]
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "host/local_files.h"
#include "host/loop_group.h"
#include "host/socket_net.h"
#include "host/system_clock.h"

namespace greyd {
namespace {

constexpr int kRounds = 20000;
constexpr int kWrites = 2000;

void report(const char* name, std::vector<uint64_t> times_ns) {
  std::sort(times_ns.begin(), times_ns.end());
  const auto at = [&](double part) {
    return static_cast<double>(times_ns[static_cast<size_t>(part * (times_ns.size() - 1))]) / 1000;
  };
  std::printf("%-34s p50 %8.1f us   p99 %8.1f us\n", name, at(0.5), at(0.99));
}

// Calls `round` again and again, each time after the one before has called done().
class Repeat {
 public:
  Repeat(LoopGroup& group, uint32_t loop, int rounds, std::function<void()> round)
      : group_(group), left_(rounds), round_(std::move(round)) {
    grey::post(group.loop(loop), [this] { next(); });
  }
  void done() {
    times_.push_back(monotonic_now_ns() - started_);
    if (--left_ == 0) {
      group_.stop();
    } else {
      next();
    }
  }
  const std::vector<uint64_t>& times() const { return times_; }

 private:
  void next() {
    started_ = monotonic_now_ns();
    round_();
  }

  LoopGroup& group_;
  int left_;
  std::function<void()> round_;
  uint64_t started_ = 0;
  std::vector<uint64_t> times_;
};

void measure_post(const char* name, uint32_t loops) {
  LoopGroup group(loops);
  // A loop without sockets sleeps on something cheaper than those of a real process do.
  SocketNet net(group);
  std::vector<grey::Ref<grey::Datagram>> sockets;
  for (uint32_t i = 0; i < loops; ++i) {
    grey::Datagram* made = nullptr;
    (void)net.bind_datagram(group.loop(i), "127.0.0.1:0", nullptr, &made, nullptr);
    sockets.push_back(grey::Ref<grey::Datagram>::adopt(made));
  }
  Repeat* repeat = nullptr;
  grey::FunctionTask back([&] { repeat->done(); });
  grey::FunctionTask forth([&] { group.loop(0)->post(&back); });
  Repeat all(group, 0, kRounds, [&] { group.loop(loops - 1)->post(&forth); });
  repeat = &all;
  group.run();
  report(name, all.times());
}

void measure_file(const char* name, const std::string& directory, uint32_t flags) {
  LoopGroup group(1);
  LocalFiles files(directory);
  grey::File* opened = nullptr;
  if (!files.open("loop_benchmark.tmp", grey::kFileCreate, &opened).ok()) return;
  const std::string bytes(4096, 'x');
  const grey::ByteView part = grey::view_of(bytes);
  for (uint64_t i = 0; i < 256; ++i) (void)opened->write(i * bytes.size(), part);
  (void)opened->sync();
  uint64_t position = 0;
  Repeat* repeat = nullptr;
  Repeat all(group, 0, kWrites, [&] {
    opened->submit_write(position++ % 256 * bytes.size(), &part, 1, flags,
                         grey::completion([&](grey::Status) { repeat->done(); }));
  });
  repeat = &all;
  group.run();
  opened->release();
  (void)files.remove("loop_benchmark.tmp");
  report(name, all.times());
}

struct EchoEnd final : grey::StreamHandler {
  void on_data(grey::Stream* from, grey::ByteView bytes) noexcept override { data(from, bytes); }
  void on_writable(grey::Stream*) noexcept override {}
  void on_closed(grey::Stream*, grey::Status) noexcept override {}
  std::function<void(grey::Stream*, grey::ByteView)> data;
};

struct EchoBenchmark final : grey::Acceptor, grey::ConnectDone {
  explicit EchoBenchmark(uint32_t loops) : group(loops), net(group) {
    server.data = [](grey::Stream* from, grey::ByteView bytes) { (void)from->write(bytes); };
    client.data = [this](grey::Stream*, grey::ByteView) { repeat->done(); };
  }
  void on_accept(grey::Stream* stream) noexcept override {
    accepted = grey::Ref<grey::Stream>::adopt(stream);
    stream->set_handler(&server);
  }
  void connected(grey::Status, grey::Stream* stream) noexcept override {
    dialled = grey::Ref<grey::Stream>::adopt(stream);
    stream->set_handler(&client);
    repeat = std::make_unique<Repeat>(group, stream->loop()->index(), kRounds, [this] {
      (void)dialled->write(grey::view_of("0123456789abcdef"));
    });
  }

  LoopGroup group;
  SocketNet net;
  EchoEnd server, client;
  grey::Ref<grey::Stream> accepted, dialled;
  grey::Ref<grey::Listener> listener;
  std::unique_ptr<Repeat> repeat;
};

// The server's end stands on loop 0, which gets the first connection, the client's on the last.
void measure_echo(const char* name, uint32_t loops) {
  EchoBenchmark echo(loops);
  grey::Listener* listener = nullptr;
  if (!echo.net.listen("127.0.0.1:0", &echo, &listener, nullptr).ok()) return;
  echo.listener = grey::Ref<grey::Listener>::adopt(listener);
  const std::string address = local_address(listener);
  LoopThread* loop = echo.group.loop(loops - 1);
  grey::post(loop, [&] { echo.net.connect(loop, address.c_str(), 1'000'000'000, &echo); });
  echo.group.run();
  report(name, echo.repeat->times());
}

}  // namespace
}  // namespace greyd

int main(int count, char** arguments) {
  const std::string directory = count > 1 ? arguments[1] : ".";
  greyd::measure_post("post to itself and back", 1);
  greyd::measure_post("post to another loop and back", 2);
  greyd::measure_file("submit 4 KiB write", directory, 0);
  greyd::measure_file("submit 4 KiB write and sync", directory, grey::kWriteSync);
  greyd::measure_echo("echo 16 bytes, one loop", 1);
  greyd::measure_echo("echo 16 bytes, two loops", 2);
}
