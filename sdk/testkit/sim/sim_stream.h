// One end of a simulated connection, and the connection.
#ifndef GREY_TESTKIT_SIM_SIM_STREAM_H_
#define GREY_TESTKIT_SIM_SIM_STREAM_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "grey/glue/bytes.h"
#include "grey/glue/ref.h"
#include "grey/net.h"
#include "grey/testkit/sim_loop.h"
#include "grey/testkit/sim_network.h"

namespace grey::testkit {

class SimStream;

// What two streams share: the bytes on their way in both directions.
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum class Kind { data, end, reset };

  SimConnection(SimNetwork* network, SimLoop* dialler, SimLoop* acceptor);

  // Makes the stream of one side, with one reference. Once a side.
  SimStream* make_stream(int side);

  void send(int side, Kind kind, Buffer bytes);
  // Bytes in the network in this direction, not read yet by the other side.
  uint64_t in_flight(int side) const { return ends_[side].in_flight; }
  void taken(int side, uint64_t bytes);  // `side` read them
  SimStream* stream(int side) { return ends_[side].stream; }
  void stream_gone(int side) { ends_[side].stream = nullptr; }
  // Both ends hear of a reset, or of a time-out.
  void break_both(StatusCode code);
  void end_process(SimProcess* process, bool told);
  bool open() const;
  uint32_t node_number(int side) const;
  SimLoop* loop(int side) { return ends_[side].loop; }

 private:
  struct Segment {
    uint64_t ready_ns;
    Kind kind;
    Buffer bytes;
  };
  struct End {
    SimLoop* loop;
    SimStream* stream = nullptr;  // null: not made yet, or gone
    bool made = false;
    bool dead = false;         // its process ended without a word
    std::deque<Segment> sent;  // from this end
    uint64_t in_flight = 0;
    bool delivering = false;
    bool stalled = false;
    uint64_t stall_number = 0;
  };
  void plan_delivery(int side);
  void deliver(int side);
  void stall(int side);

  SimNetwork* network_;
  End ends_[2];
};

class SimStream final : public Implements<Stream> {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, int side);

  Loop* loop() noexcept override { return loop_; }
  void set_handler(StreamHandler* handler) noexcept override;
  Status write(ByteView bytes) noexcept override;
  Status write_buffer(const BufferRef* buffer) noexcept override;
  uint64_t unsent_bytes() noexcept override { return queued_bytes_; }
  void pause_reading() noexcept override { reading_ = false; }
  void resume_reading() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  const char* remote_address() noexcept override { return remote_address_.c_str(); }

  // From the connection; what follows for the handler comes in a turn of the loop.
  void arrived(Buffer bytes);
  void ended(Status status);  // nothing follows
  void room();                // the other side has read something
  bool is_open() const { return open_; }

 private:
  ~SimStream() override;
  Status queue(Buffer bytes);
  void plan_flush();
  void flush();
  void plan_read();
  void read();
  void hand_out();
  void finish(Status status);
  // Runs `action` on the stream then, unless it was released: a planned event is no reference.
  std::function<void()> unless_gone(void (SimStream::*action)());
  void tell_writable();

  std::shared_ptr<SimConnection> connection_;
  const int side_;
  SimLoop* loop_;
  const std::string remote_address_;
  StreamHandler* handler_ = nullptr;
  bool open_ = true;
  bool reading_ = true;
  bool closing_ = false;
  bool end_arrived_ = false;
  Status end_status_ = ok_status();
  std::deque<Buffer> received_;
  std::deque<Buffer> queued_;
  uint64_t queued_bytes_ = 0;
  uint64_t writable_below_ = 0;  // 0: nobody waits
  bool flush_planned_ = false;
  bool read_planned_ = false;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_STREAM_H_
