// A plugin to copy. It does nothing but say hello; replace the kind and add the interfaces you
// provide.
#include "grey/glue/plugin.h"

namespace {

class TemplatePlugin final : public grey::PluginBase {
 public:
  explicit TemplatePlugin(grey::Host* host) : PluginBase(host) {}

  grey::Status start(grey::ErrorText*) noexcept override {
    const char* greeting = host()->config()->text("greeting");
    grey::log_line(host(), grey::LogLevel::info, greeting ? greeting : "hello");
    return grey::ok_status();
  }

  void stop(grey::Completion* done) noexcept override { done->complete(grey::ok_status()); }
};

}  // namespace

GREY_PLUGIN_DESCRIPTOR({.name = "template",
                        .version = "1.0.0",
                        .license = "Apache-2.0",
                        .summary = "A plugin to copy",
                        .kind = "metrics",
                        .options = {{.name = "greeting",
                                     .type = "text",
                                     .default_text = "hello",
                                     .documentation = "What it says when it starts."}}});

grey::Plugin* grey_plugin_create(grey::Host* host, grey::ErrorText*) {
  return new TemplatePlugin(host);
}
