// A plugin for tests of the kernel. The build gives it its name, kind, interfaces and faults; the
// option `behaviour` says what it does wrong once it runs.
//
// Its static initialiser makes the file that GREY_TEST_MARKER names, so that a test can tell
// whether any code of it has run.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "grey/api.h"
#include "grey/glue/plugin.h"
#include "grey/transport.h"

#ifndef TEST_LISTEN
#define TEST_LISTEN ""
#endif
#ifndef TEST_NEEDS
#define TEST_NEEDS ""
#endif
#ifndef TEST_SDK_MAJOR
#define TEST_SDK_MAJOR grey::kSdkMajor
#endif

namespace {

[[maybe_unused]] const bool kMarked = [] {
  const char* marker = std::getenv("GREY_TEST_MARKER");
  if (marker) {
    if (std::FILE* file = std::fopen(marker, "w")) std::fclose(file);
  }
  return true;
}();

#ifndef TEST_NO_DESCRIPTOR

// "a,b" into the two slots of a descriptor.
constexpr void split(const char* list, char (&out)[grey::kMaxInterfaces][40]) {
  uint32_t item = 0;
  uint32_t at = 0;
  for (; *list; ++list) {
    if (*list == ',') {
      ++item;
      at = 0;
    } else {
      out[item][at++] = *list;
    }
  }
}

constexpr grey::PluginDescriptor describe() {
  grey::PluginDescriptor d = grey::make_descriptor(
      {.name = TEST_NAME,
       .version = "1.2.3",
       .license = "Apache-2.0",
       .summary = "For tests",
       .kind = TEST_KIND,
       .options = {{.name = "behaviour",
                    .type = "enum",
                    .default_text = "good",
                    .allowed = "good|fail_start|hang_drain|hang_stop|quit|dump"},
                   {.name = "workers",
                    .type = "integer",
                    .default_text = "4",
                    .allowed = "1..8",
                    .documentation = "Of no use"}}});
  d.sdk_major = TEST_SDK_MAJOR;
  split(TEST_PROVIDES, d.provides);
  split(TEST_NEEDS, d.needs);
  return d;
}

class TestPlugin final : public grey::PluginBase, private grey::Acceptor {
 public:
  explicit TestPlugin(grey::Host* host) : PluginBase(host), transport_(this, host) {
    if (std::strcmp(TEST_KIND, "transport") == 0) {
      expose(grey::Transport::kInterfaceId, &transport_);
    }
  }

  grey::Status start(grey::ErrorText* error) noexcept override {
    say("start");
    behaviour_ = host()->config()->text("behaviour");
    if (behaviour_ == "fail_start") {
      grey::set_error(error, "was told to fail");
      return grey::make_status(grey::StatusCode::failed_precondition);
    }
    if (behaviour_ == "quit") host()->request_shutdown("was told to quit");
    if (behaviour_ == "dump") dump();
    if (*TEST_LISTEN == '\0') return grey::ok_status();
    return host()->net()->listen(host()->config()->text(TEST_LISTEN), this, &listener_, error);
  }

  void drain(grey::Completion* done) noexcept override {
    say("drain");
    if (behaviour_ == "hang_drain") {
      late_ = done;
    } else {
      done->complete(grey::ok_status());
    }
  }

  void stop(grey::Completion* done) noexcept override {
    say("stop");
    if (late_) late_->complete(grey::ok_status());
    if (listener_) listener_->release();
    listener_ = nullptr;
    if (behaviour_ != "hang_stop") done->complete(grey::ok_status());
  }

 private:
  class Transport final : public grey::InterfaceOf<grey::Transport> {
   public:
    Transport(grey::Object* owner, grey::Host* host) : InterfaceOf(owner), host_(host) {}
    grey::Status listen(const char*, const char* address, grey::Acceptor* acceptor,
                        grey::Listener** out, grey::ErrorText* error) noexcept override {
      return host_->net()->listen(address, acceptor, out, error);
    }
    void connect(grey::Loop* loop, const char*, const char* address, uint64_t timeout_ns,
                 grey::ConnectDone* done) noexcept override {
      host_->net()->connect(loop, address, timeout_ns, done);
    }

   private:
    grey::Host* host_;
  };

  void on_accept(grey::Stream* stream) noexcept override { stream->release(); }

  void say(const char* what) { grey::log_line(host(), grey::LogLevel::info, "test: ", what); }

  void dump() {
    grey::Identity identity = {};
    identity.struct_size = sizeof(identity);
    host()->identity(&identity);
    grey::log_line(host(), grey::LogLevel::info, "test: ", identity.node_id, " at ",
                   identity.raft_address, ", workers ", host()->config()->integer("workers", 0),
                   ", shards ", host()->config()->integer("storage.shards", 0), ", peers ",
                   host()->peers() ? "there" : "missing", ", ", host()->plugins_json());
  }

  Transport transport_;
  std::string behaviour_;
  grey::Listener* listener_ = nullptr;
  grey::Completion* late_ = nullptr;  // the answer that hang_drain gives only when it is stopped
};

#endif  // TEST_NO_DESCRIPTOR

}  // namespace

#ifndef TEST_NO_DESCRIPTOR
extern "C" GREY_PLUGIN_EXPORT __attribute__((
    section(".grey.plugin"), used)) constinit const grey::PluginDescriptor grey_plugin_descriptor =
    describe();

#ifndef TEST_NO_ENTRY
grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new TestPlugin(host);
}
#endif
#endif
