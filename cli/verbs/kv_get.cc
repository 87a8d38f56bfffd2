#include <boost/json.hpp>

#include "context.h"
#include "encoding.h"
#include "failure.h"
#include "verbs/kv_conditions.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

// The API answers the bare value, so the JSON form is that of an item of a scan.
boost::json::object item_of(const std::string& key, const HttpResponse& response) {
  boost::json::object item;
  const auto add = [&item](const std::string& name, const std::string& bytes) {
    if (is_utf8(bytes)) {
      item[name] = bytes;
    } else {
      item[name + "_base64"] = base64_encode(bytes);
    }
  };
  add("key", key);
  add("value", response.body);
  item["revision"] = revision_of(response);
  return item;
}

int kv_get(Context& context) {
  const std::string& key = context.values()[0];
  const std::string consistency = context.flag("consistency").value_or("linearizable");
  if (consistency != "linearizable" && consistency != "stale") {
    throw Failure(kUsage, "--consistency is linearizable or stale, not '" +
                              escape_for_display(consistency) + "'");
  }
  Api& api = context.api();
  const std::string query = "?consistency=" + consistency + "&" + api.timeout_parameter();
  const HttpResponse response =
      api.call({.method = "GET", .target = kv_target(key) + query, .headers = {}, .body = ""},
               Missing::thing);
  if (context.json()) {
    context.out() << boost::json::serialize(item_of(key, response)) << '\n';
  } else {
    context.out() << response.body;
    if (context.out_is_terminal() && !response.body.ends_with('\n')) context.out() << '\n';
  }
  return kDone;
}

}  // namespace

Command kv_get_command() {
  return {
      .words = {"kv", "get"},
      .arguments = "KEY",
      .min_arguments = 1,
      .max_arguments = 1,
      .summary = "Print the value of a key",
      .details =
          "The value's bytes are printed as they are, nothing added; only on a terminal a line\n"
          "break follows. -o json prints key, value and revision. Exits 4 when there is no\n"
          "such key.",
      .flags = {consistency_flag()},
      .examples = {{"greyctl kv get config/limits", "print it"},
                   {"greyctl kv get photo > photo.jpg", "binary values come out unchanged"},
                   {"greyctl kv get config/limits -o json | jq -r .revision", "its revision"}},
      .run = kv_get};
}

}  // namespace greyctl
