#include "gossip_streams.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "address.h"
#include "message.h"

namespace grey::swim {

// What the connections share.
struct GossipStreams::Hub {
  Loop* home = nullptr;
  Received received;  // home only; null once stopped

  std::mutex mutex;  // of what is below
  std::map<uint64_t, std::shared_ptr<Connection>> connections;
  uint64_t last_id = 0;
  bool stopped = false;
  std::function<void()> done;

  // False if there are too many, or all is over.
  bool add(const std::shared_ptr<Connection>& connection);
  void remove(uint64_t id);
  std::shared_ptr<Connection> find(uint64_t id);
  std::shared_ptr<Connection> find_dialled(const std::string& address);
};

// On its own loop, but for what is const. Keeps itself alive through the hub's table until it ends.
class GossipStreams::Connection final : public std::enable_shared_from_this<Connection>,
                                        private StreamHandler,
                                        private ConnectDone,
                                        private Task {
 public:
  Connection(std::shared_ptr<Hub> hub, Loop* on_loop, std::string address)
      : loop(on_loop), dialled(std::move(address)), hub_(std::move(hub)) {}

  void use(Ref<Stream> stream) {
    stream_ = std::move(stream);
    timer_ = Ref<Timer>::adopt(loop->make_timer(this));
    timer_->arm(loop->now_ns() + kIdleNs);
    stream_->set_handler(this);
    for (const std::string& bytes : std::exchange(waiting_, {})) send(bytes);
  }
  void connect(Net* net) {
    connecting_ = true;
    net->connect(loop, dialled.c_str(), kDialNs, this);
  }
  void send(const std::string& bytes) {
    constexpr size_t kMostWaiting = 16;
    if (connecting_ && waiting_.size() < kMostWaiting) waiting_.push_back(bytes);
    // Who does not read gets no more.
    if (!stream_ || stream_->unsent_bytes() > kMostWaiting * kMaxDatagramBytes) return;
    const auto size = static_cast<uint16_t>(bytes.size());
    const uint8_t length[2] = {static_cast<uint8_t>(size), static_cast<uint8_t>(size >> 8)};
    (void)stream_->write({length, sizeof(length)});
    (void)stream_->write(view_of(bytes));
  }
  void end() {
    ended_ = true;
    timer_ = {};
    if (stream_) stream_->abort();
    stream_ = {};
    waiting_.clear();
    if (!connecting_) hub_->remove(id);
  }

  Loop* const loop;
  const std::string dialled;  // the address; empty for an accepted one
  uint64_t id = 0;            // set by the hub, before anybody else sees it

 private:
  void run() noexcept override { end_later(); }  // the timer
  void on_writable(Stream*) noexcept override {}
  void on_closed(Stream*, Status) noexcept override {
    stream_ = {};
    end_later();
  }
  void connected(Status status, Stream* stream) noexcept override {
    connecting_ = false;
    Ref<Stream> opened = Ref<Stream>::adopt(stream);
    if (status.ok() && !ended_) return use(std::move(opened));
    if (opened) opened->abort();
    post(loop, [self = shared_from_this()] { self->end(); });
  }
  void on_data(Stream*, ByteView bytes) noexcept override {
    timer_->arm(loop->now_ns() + kIdleNs);
    arrived_.append(text_of(bytes));
    size_t at = 0;
    while (arrived_.size() - at >= 2) {
      const size_t size = static_cast<uint8_t>(arrived_[at]) |
                          static_cast<size_t>(static_cast<uint8_t>(arrived_[at + 1])) << 8;
      if (size > kMaxDatagramBytes) return end_later();
      if (arrived_.size() - at - 2 < size) break;
      post(hub_->home, [hub = hub_, from = id, message = arrived_.substr(at + 2, size)] {
        if (hub->received) hub->received(from, message);
      });
      at += 2 + size;
    }
    arrived_.erase(0, at);
  }
  // Not inside a call of the stream's or the timer's, which end() releases.
  void end_later() {
    if (std::exchange(ended_, true)) return;
    post(loop, [self = shared_from_this()] { self->end(); });
  }

  const std::shared_ptr<Hub> hub_;
  Ref<Stream> stream_;
  Ref<Timer> timer_;
  bool connecting_ = false;
  bool ended_ = false;
  std::vector<std::string> waiting_;  // for the connection
  std::string arrived_;               // less than one message
};

bool GossipStreams::Hub::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex);
  if (stopped || connections.size() >= kMaxConnections) return false;
  connection->id = ++last_id;
  connections[connection->id] = connection;
  return true;
}

void GossipStreams::Hub::remove(uint64_t id) {
  const std::lock_guard lock(mutex);
  connections.erase(id);
  if (stopped && connections.empty() && done) post(home, std::exchange(done, nullptr));
}

std::shared_ptr<GossipStreams::Connection> GossipStreams::Hub::find(uint64_t id) {
  const std::lock_guard lock(mutex);
  const auto found = connections.find(id);
  return found == connections.end() ? nullptr : found->second;
}

std::shared_ptr<GossipStreams::Connection> GossipStreams::Hub::find_dialled(
    const std::string& address) {
  const std::lock_guard lock(mutex);
  for (const auto& [id, connection] : connections) {
    if (connection->dialled == address) return connection;
  }
  return nullptr;
}

GossipStreams::GossipStreams(Host* host, Received received)
    : host_(host), hub_(std::make_shared<Hub>()) {
  hub_->home = host->loop(0);
  hub_->received = std::move(received);
}

GossipStreams::~GossipStreams() = default;

Status GossipStreams::listen(const char* address, ErrorText* error) {
  Listener* listener = nullptr;
  const Status status = host_->net()->listen(address, this, &listener, error);
  if (status.ok()) listener_ = Ref<Listener>::adopt(listener);
  return status;
}

void GossipStreams::on_accept(Stream* stream) noexcept {
  Ref<Stream> accepted = Ref<Stream>::adopt(stream);
  const auto connection = std::make_shared<Connection>(hub_, stream->loop(), "");
  if (hub_->add(connection)) return connection->use(std::move(accepted));
  accepted->abort();
}

void GossipStreams::dial(const NetAddress& to, const std::string& bytes) {
  const std::string address = address_text(to);
  std::shared_ptr<Connection> connection = hub_->find_dialled(address);
  if (!connection) {
    connection = std::make_shared<Connection>(hub_, hub_->home, address);
    if (!hub_->add(connection)) return;
    connection->connect(host_->net());
  }
  connection->send(bytes);
}

void GossipStreams::answer(uint64_t id, const std::string& bytes) {
  const std::shared_ptr<Connection> connection = hub_->find(id);
  if (connection) post(connection->loop, [connection, bytes] { connection->send(bytes); });
}

void GossipStreams::stop(std::function<void()> done) {
  if (listener_) listener_->close();
  listener_ = {};
  hub_->received = nullptr;
  const std::lock_guard lock(hub_->mutex);
  hub_->stopped = true;
  if (hub_->connections.empty()) return post(hub_->home, std::move(done));
  hub_->done = std::move(done);
  for (const auto& [id, connection] : hub_->connections) {
    post(connection->loop, [connection = connection] { connection->end(); });
  }
}

}  // namespace grey::swim
