#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace grey::bench {
namespace {

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

Connection::~Connection() {
  close();
}

bool Connection::open(const Endpoint& endpoint, int epoll_fd, uint64_t tag) {
  close();
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  fd_ = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_fd_ = epoll_fd;
  tag_ = tag;
  const bool connected = connect(fd_, address, endpoint.address_size) == 0;
  if (!connected && errno != EINPROGRESS) {
    close();
    return false;
  }
  state_ = connected ? State::kOpen : State::kConnecting;
  watch(connected ? EPOLLIN : EPOLLOUT);
  return true;
}

bool Connection::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
  state_ = State::kOpen;
  watch(EPOLLIN);
  return true;
}

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  watched_ = 0;
  state_ = State::kClosed;
  under_way_.clear();
  outgoing_.clear();
  sent_ = 0;
  kept_.clear();
  received_ = {};
  parser_ = ResponseParser();
}

bool Connection::flush() {
  while (sent_ < outgoing_.size()) {
    const ssize_t count =
        send(fd_, outgoing_.data() + sent_, outgoing_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (!would_block(errno)) return false;
      watch(EPOLLIN | EPOLLOUT);
      return true;
    }
    sent_ += static_cast<size_t>(count);
  }
  outgoing_.clear();
  sent_ = 0;
  watch(EPOLLIN);
  return true;
}

Connection::Received Connection::receive(char* buffer, size_t size) {
  const ssize_t count = recv(fd_, buffer, size, 0);
  if (count == 0) return Received::kEnd;
  if (count < 0) return would_block(errno) ? Received::kNothing : Received::kError;
  if (kept_.empty()) {
    received_ = std::string_view(buffer, static_cast<size_t>(count));
  } else {
    kept_.append(buffer, static_cast<size_t>(count));
    received_ = kept_;
  }
  return Received::kBytes;
}

ResponseParser::Progress Connection::next_response() {
  const ResponseParser::Step step = parser_.advance(received_);
  received_.remove_prefix(step.consumed);
  if (step.progress == ResponseParser::Progress::kNeedMore) {
    kept_ = std::string(received_);
    received_ = {};
  }
  return step.progress;
}

void Connection::watch(uint32_t events) {
  if (events == watched_) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag_;
  epoll_ctl(epoll_fd_, watched_ == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_, &event);
  watched_ = events;
}

}  // namespace grey::bench
