#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "context.h"
#include "duration.h"
#include "encoding.h"
#include "failure.h"
#include "verbs/kv_conditions.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

std::string read_all(std::istream& in, const std::string& name) {
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw Failure(kFailed, name + " cannot be read");
  return bytes;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // Opening a directory succeeds; reading it does not.
  if (!file || (file.peek(), file.bad())) {
    throw Failure(kFailed, "'" + escape_for_display(path) + "' cannot be read");
  }
  file.clear();
  return read_all(file, path);
}

std::string value_of(const Context& context) {
  const auto file = context.flag("file");
  const bool has_argument = context.values().size() > 1;
  if (file && has_argument) {
    throw Failure(kUsage, "give the value as an argument or by --file, not both");
  }
  if (!file && !has_argument) {
    throw Failure(kUsage,
                  "the value is missing: give it as an argument, by --file, or '-' for stdin");
  }
  const std::string& source = file ? *file : context.values()[1];
  if (source == "-") return read_all(context.in(), "the standard input");
  return file ? read_file(source) : source;
}

int kv_put(Context& context) {
  const std::string target = kv_target(context.values()[0]);
  auto headers = condition_headers(context);
  headers["Content-Type"] = "application/octet-stream";
  std::string query;
  if (const auto ttl = context.flag("ttl")) {
    const auto duration = parse_duration(*ttl);
    if (!duration || duration->count() == 0) {
      throw Failure(kUsage,
                    "--ttl is a duration like 30s or 2h, not '" + escape_for_display(*ttl) + "'");
    }
    query = "&ttl=" + *ttl;
  }
  std::string value = value_of(context);
  Api& api = context.api();
  const HttpResponse response = api.call({.method = "PUT",
                                          .target = target + "?" + api.timeout_parameter() + query,
                                          .headers = headers,
                                          .body = std::move(value)},
                                         Missing::thing);
  const std::string revision = revision_of(response);
  if (context.json()) {
    context.out() << boost::json::serialize(boost::json::object{{"revision", revision}}) << '\n';
  } else {
    context.out() << escape_for_display(revision) << '\n';
  }
  return kDone;
}

}  // namespace

Command kv_put_command() {
  return {
      .words = {"kv", "put"},
      .arguments = "KEY [VALUE]",
      .min_arguments = 1,
      .max_arguments = 2,
      .summary = "Store a value under a key and print its new revision",
      .details =
          "The value is the argument, the content of --file, or with - the standard input.\n"
          "A value that begins with a dash stands after --. Exits 4 when the condition does\n"
          "not hold.",
      .flags =
          {{.name = "file", .value = "FILE", .help = "read the value from a file, - for stdin"},
           {.name = "ttl", .value = "TIME", .help = "let the key vanish after this time, like 30s"},
           if_match_flag(),
           if_none_match_flag()},
      .examples = {{"greyctl kv put config/limits '{\"rps\":100}'", "store a value"},
                   {"greyctl kv put photo --file photo.jpg", "store a file's bytes"},
                   {"greyctl kv put lock/1 me --if-none-match --ttl 30s", "only if nobody has it"},
                   {"greyctl kv put temperature -- -5", "a value that begins with a dash"}},
      .run = kv_put};
}

}  // namespace greyctl
