#include "host/send_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>

namespace greyd {
namespace {

class SendQueueTest : public testing::Test {
 protected:
  SendQueueTest() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_) != 0) std::abort();
  }
  ~SendQueueTest() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string receive() {
    std::string all;
    char bytes[65536];
    for (;;) {
      const ssize_t count = ::recv(ends_[1], bytes, sizeof(bytes), 0);
      if (count <= 0) return all;
      all.append(bytes, static_cast<size_t>(count));
    }
  }
  int ends_[2];
  SendQueue queue_;
};

TEST_F(SendQueueTest, KeepsTheOrderOfCopiesAndBuffersThroughFullSockets) {
  std::mt19937 random(3);
  std::string expected, got;
  for (int i = 0; i < 4000; ++i) {
    const std::string piece(random() % 3000, static_cast<char>('a' + i % 26));
    expected += piece;
    if (random() % 2 == 0) {
      queue_.append_copy(grey::view_of(piece));
    } else {
      queue_.append_buffer(grey::Buffer::copy_of(piece).ref());
    }
    if (i % 100 == 0) {
      ASSERT_EQ(queue_.send_to(ends_[0]), 0);
      got += receive();
    }
    ASSERT_EQ(queue_.bytes() + got.size() <= expected.size(), true);
  }
  while (!queue_.empty()) {
    ASSERT_EQ(queue_.send_to(ends_[0]), 0);
    got += receive();
  }
  EXPECT_TRUE(got + receive() == expected);
}

TEST_F(SendQueueTest, KeepsABufferAliveUntilItIsSent) {
  auto buffer = grey::Buffer::copy_of("kept by the queue");
  queue_.append_buffer(buffer.ref());
  buffer = {};
  ASSERT_EQ(queue_.send_to(ends_[0]), 0);
  EXPECT_EQ(receive(), "kept by the queue");
}

TEST_F(SendQueueTest, TellsABrokenSocketWithoutASignal) {
  ::shutdown(ends_[1], SHUT_RDWR);
  queue_.append_copy(grey::view_of("x"));
  EXPECT_EQ(queue_.send_to(ends_[0]), EPIPE);
}

}  // namespace
}  // namespace greyd
