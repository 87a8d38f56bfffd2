// Streams and datagrams, as the kernel's loops offer them. A transport plugin is a layer over
// these; everybody else uses the transport.
#ifndef GREY_NET_H_
#define GREY_NET_H_

#include <cstdint>

#include "grey/bytes.h"
#include "grey/loop.h"
#include "grey/status.h"

namespace grey {

class Stream;

// Receives what happens on a stream, on the stream's loop. Borrowed from set_handler() until
// on_closed() or Stream::abort() has returned.
class StreamHandler {
 public:
  // Bytes that arrived, in order; borrowed until the call returns. All of them are taken.
  virtual void on_data(Stream* stream, ByteView bytes) noexcept = 0;
  // unsent_bytes() fell below half of what it was when `write` answered `busy`.
  virtual void on_writable(Stream* stream) noexcept = 0;
  // The stream is over: `closed` for an orderly end by the other side, else why. The last call.
  virtual void on_closed(Stream* stream, Status status) noexcept = 0;
  // The other side sends nothing more, but may still read. True: the stream stays open for writing
  // until close() or abort(), or until it breaks; false: it is over, on_closed follows.
  virtual bool on_end(Stream*) noexcept { return false; }

 protected:
  ~StreamHandler() = default;
};

// A connection, owned by one loop; all methods there only. Releasing the last reference of an open
// stream aborts it.
class Stream : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.stream/1";

  virtual Loop* loop() noexcept = 0;  // borrowed

  // Starts reading into `handler` (once, before anything else).
  virtual void set_handler(StreamHandler* handler) noexcept = 0;

  // Queues a copy of `bytes`; sent at the end of the turn. `busy`: queued all the same, but more
  // than the stream's high-water mark waits, so stop and wait for on_writable. `closed`: dropped.
  virtual Status write(ByteView bytes) noexcept = 0;
  // The same without a copy: keeps a reference to the buffer's owner until sent.
  virtual Status write_buffer(const BufferRef* buffer) noexcept = 0;

  virtual uint64_t unsent_bytes() noexcept = 0;

  // Between the two no on_data comes and the other side is slowed by TCP.
  virtual void pause_reading() noexcept = 0;
  virtual void resume_reading() noexcept = 0;

  // Sends what is queued, then closes; on_closed follows. No on_data any more.
  virtual void close() noexcept = 0;
  // Closes at once, drops what is queued; no call to the handler any more, on_closed neither.
  virtual void abort() noexcept = 0;

  // "ip:port" or "[ip]:port" of the other side; valid as long as the stream.
  virtual const char* remote_address() noexcept = 0;

 protected:
  ~Stream() = default;
};

class Acceptor {
 public:
  // A new connection, on the loop that owns it (connections are spread over the loops). The
  // acceptor gets one reference and sets a handler before returning, or releases the stream.
  virtual void on_accept(Stream* stream) noexcept = 0;

 protected:
  ~Acceptor() = default;
};

// Accepts until released or close().
class Listener : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.listener/1";

  // Stops accepting; connections stay. No on_accept after it has returned. Loop 0.
  virtual void close() noexcept = 0;

 protected:
  ~Listener() = default;
};

class ConnectDone {
 public:
  // Ok with a stream and one reference to it, or why not (`refused`, `timed_out`, `unreachable`,
  // `not_found` for a name that does not resolve). On the loop that asked.
  virtual void connected(Status status, Stream* stream) noexcept = 0;

 protected:
  ~ConnectDone() = default;
};

// An IP address and port: the form in which datagrams come. Frozen.
struct NetAddress {
  uint8_t ip[16];  // IPv4 in the first four bytes
  uint16_t port;   // host byte order
  uint8_t is_v6;
  uint8_t reserved[5];
};

class DatagramHandler {
 public:
  virtual void on_datagram(const NetAddress* from, ByteView bytes) noexcept = 0;

 protected:
  ~DatagramHandler() = default;
};

// A bound UDP socket of one loop; release() closes it.
class Datagram : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.datagram/1";

  // Sends or drops. Loop only.
  virtual void send(const NetAddress* to, ByteView bytes) noexcept = 0;

 protected:
  ~Datagram() = default;
};

class ResolveDone {
 public:
  virtual void resolved(Status status, const NetAddress* address) noexcept = 0;

 protected:
  ~ResolveDone() = default;
};

// Addresses are "host:port" or "[v6]:port". Loop 0 for listen; for the rest the loop given.
class Net : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.net/1";

  // Listens; `out` gets one reference. `already_exists` for an address in use. `acceptor` is
  // borrowed until close() or release of the listener.
  virtual Status listen(const char* address, Acceptor* acceptor, Listener** out,
                        ErrorText* error) noexcept = 0;

  virtual void connect(Loop* loop, const char* address, uint64_t timeout_ns,
                       ConnectDone* done) noexcept = 0;

  // Binds a UDP socket whose datagrams come on `loop`; `handler` is borrowed until release.
  virtual Status bind_datagram(Loop* loop, const char* address, DatagramHandler* handler,
                               Datagram** out, ErrorText* error) noexcept = 0;

  virtual void resolve(Loop* loop, const char* address, ResolveDone* done) noexcept = 0;

 protected:
  ~Net() = default;
};

}  // namespace grey

#endif  // GREY_NET_H_
