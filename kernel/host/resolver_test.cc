#include "host/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "host/socket_address.h"

namespace greyd {
namespace {

class Client final : public ResolverClient {
 public:
  void answered(grey::Result<Addresses> addresses) noexcept override {
    answer.set_value(addresses.ok());
  }
  std::promise<bool> answer;
};

TEST(Resolver, Answers) {
  Resolver resolver({});
  Client good, bad;
  ASSERT_TRUE(resolver.submit("127.0.0.1:80", &good));
  ASSERT_TRUE(resolver.submit("no port", &bad));
  EXPECT_TRUE(good.answer.get_future().get());
  EXPECT_FALSE(bad.answer.get_future().get());
}

// A name server that does not answer.
TEST(Resolver, ItsEndWaitsForNoLookUp) {
  auto asked = std::make_shared<std::promise<void>>();
  auto answer = std::make_shared<std::promise<void>>();
  auto over = std::make_shared<std::promise<void>>();
  auto resolver = std::make_unique<Resolver>(
      ResolverOptions{.threads = 1, .queue_limit = 1, .look_up = [=](const std::string& name) {
                        asked->set_value();
                        answer->get_future().wait();
                        grey::Result<Addresses> result = resolve_blocking(name);
                        over->set_value();
                        return result;
                      }});
  auto running = std::make_unique<Client>();
  auto waiting = std::make_unique<Client>();
  ASSERT_TRUE(resolver->submit("127.0.0.1:1", running.get()));
  asked->get_future().wait();
  ASSERT_TRUE(resolver->submit("127.0.0.1:2", waiting.get()));
  EXPECT_FALSE(resolver->submit("127.0.0.1:3", waiting.get())) << "the queue is full";
  resolver = nullptr;  // would hang here if it waited
  // Both may be gone now: a sanitizer sees it if they are told all the same.
  running = nullptr;
  waiting = nullptr;
  answer->set_value();
  over->get_future().wait();
}

}  // namespace
}  // namespace greyd
