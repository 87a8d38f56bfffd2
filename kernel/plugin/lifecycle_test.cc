#include "plugin/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grey/glue/plugin.h"
#include "plugin/manual_loop.h"

namespace greyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Events = std::vector<std::string>;

class RecordingLog final : public grey::Implements<grey::Log> {
 public:
  ~RecordingLog() override = default;
  bool enabled(grey::LogLevel) noexcept override { return true; }
  void write(grey::LogLevel, grey::ByteView message) noexcept override {
    lines.push_back(grey::string_of(message));
  }
  Events lines;
};

// Writes what happens to it into a list; keeps the completions that it is told to keep.
class FakePlugin final : public grey::PluginBase {
 public:
  FakePlugin(std::string name, Events* events)
      : PluginBase(nullptr), name_(std::move(name)), events_(events) {}
  ~FakePlugin() override { events_->push_back("destroy " + name_); }

  grey::Status start(grey::ErrorText* error) noexcept override {
    events_->push_back("start " + name_);
    if (fails) grey::set_error(error, "no luck");
    return fails ? grey::make_status(grey::StatusCode::failed) : grey::ok_status();
  }
  void drain(grey::Completion* done) noexcept override { end("drain", keeps_drain, done); }
  void stop(grey::Completion* done) noexcept override { end("stop", keeps_stop, done); }

  bool fails = false;
  bool keeps_drain = false;
  bool keeps_stop = false;
  grey::Status answer = grey::ok_status();
  grey::Completion* kept = nullptr;

 private:
  void end(const char* verb, bool keep, grey::Completion* done) {
    events_->push_back(std::string(verb) + " " + name_);
    if (keep) {
      kept = done;
    } else {
      done->complete(answer);
    }
  }

  const std::string name_;
  Events* const events_;
};

class LifecycleTest : public testing::Test {
 protected:
  FakePlugin* add(const std::string& name) {
    auto* plugin = new FakePlugin(name, &events_);
    lifecycle_->add(name, grey::Ref<grey::Plugin>::adopt(plugin));
    return plugin;
  }
  void drain() {
    lifecycle_->drain(1000, [this] { events_.push_back("drained"); });
    loop_.run();
  }
  void stop() {
    lifecycle_->stop([this] { events_.push_back("stopped"); });
    loop_.run();
  }
  bool start() { return lifecycle_->start(&error_); }
  Events take_events() { return std::exchange(events_, {}); }

  ManualLoop loop_;
  RecordingLog log_;
  Events events_;
  std::string error_;
  std::unique_ptr<Lifecycle> lifecycle_ = std::make_unique<Lifecycle>(&loop_, &log_);
};

TEST_F(LifecycleTest, StartsInOrderAndEndsInReverse) {
  add("a"), add("b"), add("c");
  ASSERT_TRUE(start());
  EXPECT_THAT(take_events(), ElementsAre("start a", "start b", "start c"));
  drain();
  EXPECT_THAT(take_events(), ElementsAre("drain c", "drain b", "drain a", "drained"));
  stop();
  EXPECT_THAT(take_events(), ElementsAre("stop c", "stop b", "stop a", "stopped"));
  lifecycle_.reset();
  EXPECT_THAT(take_events(), ElementsAre("destroy c", "destroy b", "destroy a"));
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(LifecycleTest, StartsWhatIsAddedLaterAndNothingTwice) {
  add("a");
  ASSERT_TRUE(start());
  add("b");
  ASSERT_TRUE(start());
  EXPECT_THAT(take_events(), ElementsAre("start a", "start b"));
}

TEST_F(LifecycleTest, AFailedStartIsNamedAndStoppedWithThoseBeforeIt) {
  add("a");
  add("b")->fails = true;
  add("c");
  EXPECT_FALSE(start());
  EXPECT_EQ(error_, "plugin b: no luck");
  drain();
  stop();
  EXPECT_THAT(take_events(), ElementsAre("start a", "start b", "drain a", "drained", "stop b",
                                         "stop a", "stopped"));
}

TEST_F(LifecycleTest, NothingAtAllEndsToo) {
  drain();
  stop();
  EXPECT_THAT(take_events(), ElementsAre("drained", "stopped"));
}

TEST_F(LifecycleTest, WaitsForEachBeforeTheNext) {
  FakePlugin* a = add("a");
  FakePlugin* b = add("b");
  b->keeps_drain = true;
  b->keeps_stop = true;
  (void)a;
  ASSERT_TRUE(start());
  take_events();
  drain();
  EXPECT_THAT(take_events(), ElementsAre("drain b"));
  EXPECT_EQ(lifecycle_->waiting_for(), "b");
  b->kept->complete(grey::ok_status());
  loop_.run();
  EXPECT_THAT(take_events(), ElementsAre("drain a", "drained"));
  stop();
  EXPECT_THAT(take_events(), ElementsAre("stop b"));
  b->kept->complete(grey::ok_status());
  loop_.run();
  EXPECT_THAT(take_events(), ElementsAre("stop a", "stopped"));
  EXPECT_EQ(lifecycle_->waiting_for(), "");
}

TEST_F(LifecycleTest, ADrainThatHangsIsGivenUpAndItsLateAnswerChangesNothing) {
  add("a");
  FakePlugin* b = add("b");
  b->keeps_drain = true;
  ASSERT_TRUE(start());
  take_events();
  drain();
  loop_.advance(999);
  EXPECT_THAT(take_events(), ElementsAre("drain b"));
  loop_.advance(1);
  EXPECT_THAT(take_events(), ElementsAre("drained"));
  EXPECT_THAT(log_.lines, ElementsAre(HasSubstr("plugin b did not drain in time")));
  b->kept->complete(grey::ok_status());
  loop_.run();
  stop();
  EXPECT_THAT(take_events(), ElementsAre("stop b", "stop a", "stopped"));
}

TEST_F(LifecycleTest, TheTimeOfADrainIsOverWhenItIsDone) {
  add("a");
  ASSERT_TRUE(start());
  drain();
  stop();
  take_events();
  loop_.advance(100000);
  EXPECT_THAT(take_events(), IsEmpty());
}

TEST_F(LifecycleTest, ABadAnswerIsLoggedAndDoesNotStopTheOthers) {
  add("a");
  add("b")->answer = grey::make_status(grey::StatusCode::io_error, "disk gone");
  ASSERT_TRUE(start());
  drain();
  EXPECT_THAT(log_.lines, ElementsAre("plugin b: drain: io_error: disk gone"));
  EXPECT_EQ(take_events().back(), "drained");
}

}  // namespace
}  // namespace greyd
