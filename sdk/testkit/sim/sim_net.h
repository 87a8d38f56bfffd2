// A simulated process's sockets.
#ifndef GREY_TESTKIT_SIM_SIM_NET_H_
#define GREY_TESTKIT_SIM_SIM_NET_H_

#include "grey/glue/ref.h"
#include "grey/net.h"
#include "grey/testkit/sim_network.h"

namespace grey::testkit {

class SimListener final : public Implements<Listener> {
 public:
  SimListener(SimProcess* process, SimNetwork::Port port, Acceptor* acceptor);
  void close() noexcept override;
  SimProcess* process() { return process_; }
  // A connection arrived: hands its stream to the acceptor, on the next loop's turn.
  void accept(SimProcess* dialler_process, const std::shared_ptr<SimConnection>& connection);
  SimLoop* next_loop();

 private:
  ~SimListener() override { close(); }
  SimProcess* process_;
  const SimNetwork::Port port_;
  Acceptor* acceptor_;  // null once closed
  uint32_t next_loop_ = 0;
};

class SimDatagram final : public Implements<Datagram> {
 public:
  SimDatagram(SimProcess* process, SimLoop* loop, SimNetwork::Port port, DatagramHandler* handler);
  void send(const NetAddress* to, ByteView bytes) noexcept override;
  void arrived(const NetAddress& from, const std::string& bytes);
  SimProcess* process() { return process_; }
  void forget() { handler_ = nullptr; }

 private:
  ~SimDatagram() override;
  SimProcess* process_;
  SimLoop* loop_;
  const SimNetwork::Port port_;
  DatagramHandler* handler_;
};

class SimNet final : public SimService<Net> {
 public:
  explicit SimNet(SimProcess* process) : process_(process) {}

  Status listen(const char* address, Acceptor* acceptor, Listener** out,
                ErrorText* error) noexcept override;
  void connect(Loop* loop, const char* address, uint64_t timeout_ns,
               ConnectDone* done) noexcept override;
  Status bind_datagram(Loop* loop, const char* address, DatagramHandler* handler, Datagram** out,
                       ErrorText* error) noexcept override;
  void resolve(Loop* loop, const char* address, ResolveDone* done) noexcept override;

 private:
  SimNetwork* network();
  void arrive(SimLoop* loop, SimNetwork::Port target, ConnectDone* done,
              const std::shared_ptr<bool>& answered);

  SimProcess* process_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_NET_H_
