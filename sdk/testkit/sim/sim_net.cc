#include "sim_net.h"

#include <cstdlib>

#include "grey/glue/bytes.h"
#include "grey/glue/status.h"
#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"
#include "sim_stream.h"

namespace grey::testkit {
namespace {

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

HostPort split(const char* address) {
  const std::string text = address;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  return {text.substr(0, colon),
          static_cast<uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10))};
}

NetAddress address_of(SimNetwork::Port port) {
  NetAddress address = {};
  address.ip[0] = 10;
  address.ip[3] = static_cast<uint8_t>(port.first);
  address.port = port.second;
  return address;
}

}  // namespace

SimListener::SimListener(SimProcess* process, SimNetwork::Port port, Acceptor* acceptor)
    : process_(process), port_(port), acceptor_(acceptor) {
  process->node()->network()->listeners()[port] = this;
}

void SimListener::close() noexcept {
  if (!acceptor_) return;
  acceptor_ = nullptr;
  auto& listeners = process_->node()->network()->listeners();
  auto found = listeners.find(port_);
  if (found != listeners.end() && found->second == this) listeners.erase(found);
}

SimLoop* SimListener::next_loop() {
  return process_->loop(next_loop_++ % process_->loop_count());
}

void SimListener::accept(SimProcess*, const std::shared_ptr<SimConnection>& connection) {
  connection->loop(1)->enqueue([self = Ref<SimListener>::share(this), connection] {
    if (!self->acceptor_) return connection->end_process(self->process_, true);
    self->acceptor_->on_accept(connection->make_stream(1));
  });
}

SimDatagram::SimDatagram(SimProcess* process, SimLoop* loop, SimNetwork::Port port,
                         DatagramHandler* handler)
    : process_(process), loop_(loop), port_(port), handler_(handler) {
  process->node()->network()->datagrams()[port] = this;
}

SimDatagram::~SimDatagram() {
  auto& datagrams = process_->node()->network()->datagrams();
  auto found = datagrams.find(port_);
  if (found != datagrams.end() && found->second == this) datagrams.erase(found);
}

void SimDatagram::send(const NetAddress* to, ByteView bytes) noexcept {
  if (process_->doomed()) return;
  SimNetwork* network = process_->node()->network();
  const SimNetwork::Port target = {to->ip[3], to->port};
  SimRandom& random = network->random();
  if (!network->node(target.first)) return;
  const SimNetworkOptions& options = network->options();
  const int copies = random.chance(options.datagram_duplicate_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (random.chance(options.datagram_loss_percent)) continue;
    const uint64_t latency = network->latency_ns(port_.first, target.first);
    network->world()->after(latency, nullptr,
                            [network, target, from = port_, text = string_of(bytes)] {
                              auto found = network->datagrams().find(target);
                              if (network->silent(from.first, target.first)) return;
                              if (found != network->datagrams().end())
                                found->second->arrived(address_of(from), text);
                            });
  }
}

void SimDatagram::arrived(const NetAddress& from, const std::string& bytes) {
  loop_->enqueue([self = Ref<SimDatagram>::share(this), from, bytes] {
    auto& datagrams = self->process_->node()->network()->datagrams();
    auto found = datagrams.find(self->port_);
    // Released in the meantime, all but for this datagram on its way.
    if (found == datagrams.end() || found->second != self.get() || !self->handler_) return;
    self->handler_->on_datagram(&from, view_of(bytes));
  });
}

SimNetwork* SimNet::network() {
  return process_->node()->network();
}

Status SimNet::listen(const char* address, Acceptor* acceptor, Listener** out,
                      ErrorText* error) noexcept {
  const SimNetwork::Port port = {process_->node()->number(), split(address).port};
  if (network()->listeners().contains(port)) {
    set_error(error, std::string(address) + " is in use");
    return make_status(StatusCode::already_exists, "address in use", 98);
  }
  *out = new SimListener(process_, port, acceptor);
  return ok_status();
}

void SimNet::connect(Loop* loop, const char* address, uint64_t timeout_ns,
                     ConnectDone* done) noexcept {
  auto* sim_loop = static_cast<SimLoop*>(loop);
  const HostPort target = split(address);
  SimNode* node = network()->node_at(target.host);
  auto answered = std::make_shared<bool>(false);
  const auto fail = [sim_loop, done, answered](Status status) {
    sim_loop->enqueue([done, answered, status] {
      if (!std::exchange(*answered, true)) done->connected(status, nullptr);
    });
  };
  if (!node) return fail(make_status(StatusCode::not_found, "the name does not resolve"));
  const uint32_t own = process_->node()->number();
  SimWorld* world = process_->world();
  world->after(timeout_ns, process_,
               [fail] { fail(make_status(StatusCode::timed_out, "no answer", 110)); });
  if (process_->doomed()) return;
  const SimNetwork::Port port = {node->number(), target.port};
  world->after(network()->latency_ns(own, port.first), process_,
               [this, sim_loop, port, done, answered] { arrive(sim_loop, port, done, answered); });
}

// The SYN has reached the other machine, unless the network swallows it.
void SimNet::arrive(SimLoop* loop, SimNetwork::Port target, ConnectDone* done,
                    const std::shared_ptr<bool>& answered) {
  const uint32_t own = process_->node()->number();
  if (network()->silent(own, target.first) || network()->silent(target.first, own)) return;
  auto found = network()->listeners().find(target);
  std::shared_ptr<SimConnection> connection;
  if (found != network()->listeners().end()) {
    connection = std::make_shared<SimConnection>(network(), loop, found->second->next_loop());
    network()->add_connection(connection);
    found->second->accept(process_, connection);
  }
  const auto answer = [loop, connection, done, answered] {
    loop->enqueue([connection, done, answered] {
      if (std::exchange(*answered, true)) {
        if (connection) connection->make_stream(0)->release();
        return;
      }
      if (connection) {
        done->connected(ok_status(), connection->make_stream(0));
      } else {
        done->connected(make_status(StatusCode::refused, "connection refused", 111), nullptr);
      }
    });
  };
  process_->world()->after(network()->latency_ns(target.first, own), process_, answer);
}

Status SimNet::bind_datagram(Loop* loop, const char* address, DatagramHandler* handler,
                             Datagram** out, ErrorText* error) noexcept {
  const SimNetwork::Port port = {process_->node()->number(), split(address).port};
  if (network()->datagrams().contains(port)) {
    set_error(error, std::string(address) + " is in use");
    return make_status(StatusCode::already_exists, "address in use", 98);
  }
  *out = new SimDatagram(process_, static_cast<SimLoop*>(loop), port, handler);
  return ok_status();
}

void SimNet::resolve(Loop* loop, const char* address, ResolveDone* done) noexcept {
  const HostPort target = split(address);
  SimNode* node = network()->node_at(target.host);
  static_cast<SimLoop*>(loop)->enqueue([node, target, done] {
    if (!node) {
      done->resolved(make_status(StatusCode::not_found, "the name does not resolve"), nullptr);
      return;
    }
    const NetAddress resolved = address_of({node->number(), target.port});
    done->resolved(ok_status(), &resolved);
  });
}

}  // namespace grey::testkit
