#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "context.h"
#include "encoding.h"
#include "failure.h"
#include "json_view.h"
#include "table.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

namespace json = boost::json;

constexpr uint64_t kPageLimit = 1000;

struct Page {
  std::string text;
  json::value document;
  std::string next;  // The cursor of the next page, empty after the last one.
};

// One scan over as many pages as it takes.
class Scan {
 public:
  explicit Scan(Context& context) : api_(context.api()) {
    for (const char* name : {"prefix", "start", "end"}) {
      if (const auto value = context.flag(name)) {
        query_ += std::string("&") + name + "=" + percent_encode(*value);
      }
    }
    if (context.has("keys-only")) query_ += "&keys_only=true";
    if (context.has("reverse")) query_ += "&reverse=true";
    if (const auto text = context.flag("limit")) left_ = parse_limit(*text);
    // A cursor is good only for the same parameters, so the page size cannot change on the way and
    // what the last page has too much is dropped.
    page_limit_ = std::min(left_.value_or(kPageLimit), kPageLimit);
  }

  // The next page, or null when all has been read.
  std::optional<Page> next() {
    if (finished_) return std::nullopt;
    std::string target =
        "/v1/kv?limit=" + std::to_string(page_limit_) + query_ + "&" + api_.timeout_parameter();
    if (!cursor_.empty()) target += "&cursor=" + percent_encode(cursor_);
    Page page;
    page.text = api_.get(target);
    page.document = parse_document(page.text);
    const uint64_t count = array_field(page.document, "items").size();
    if (const json::value* next = member(page.document, "next"); next && next->is_string()) {
      page.next = next->get_string();
    }
    if (!page.next.empty() && page.next == cursor_) {
      throw Failure(kFailed, "the node answered the same cursor twice");
    }
    cursor_ = page.next;
    wanted_ = left_ ? std::min(*left_, count) : count;
    if (left_) *left_ -= wanted_;
    finished_ = cursor_.empty() || (left_ && *left_ == 0);
    return page;
  }

  // How many items of the page just read belong to the result.
  uint64_t wanted() const { return wanted_; }
  bool finished() const { return finished_; }

 private:
  static uint64_t parse_limit(const std::string& text) {
    uint64_t limit = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, limit);
    if (error != std::errc{} || end != last || limit == 0) {
      throw Failure(kUsage,
                    "--limit is a number from 1 on, not '" + escape_for_display(text) + "'");
    }
    return limit;
  }

  Api& api_;
  std::string query_;
  std::string cursor_;
  std::optional<uint64_t> left_;
  uint64_t page_limit_ = kPageLimit;
  uint64_t wanted_ = 0;
  bool finished_ = false;
};

// One page is printed as it came; more of them as one document of the same form.
void print_json(Context& context, Scan& scan) {
  std::optional<Page> page = scan.next();
  if (page && scan.finished() && scan.wanted() == array_field(page->document, "items").size()) {
    context.print_verbatim(page->text);
    return;
  }
  context.out() << "{\"items\":[";
  const char* separator = "";
  for (; page; page = scan.next()) {
    const json::array& items = array_field(page->document, "items");
    for (uint64_t i = 0; i < scan.wanted(); ++i) {
      context.out() << separator << json::serialize(items[i]);
      separator = ",";
    }
  }
  context.out() << "]}\n";
}

void print_table(Context& context, Scan& scan) {
  const bool keys_only = context.has("keys-only");
  Table table({"KEY", "REVISION", "TTL", "VALUE"});
  while (const std::optional<Page> page = scan.next()) {
    const json::array& items = array_field(page->document, "items");
    for (uint64_t i = 0; i < scan.wanted(); ++i) {
      const std::string key = escape_for_display(bytes_field(items[i], "key"));
      if (keys_only) {
        context.out() << key << '\n';
      } else {
        table.add_row({key, field(items[i], "revision"), field(items[i], "ttl"),
                       escape_for_display(bytes_field(items[i], "value"))});
      }
    }
    if (!keys_only) table.print(context.out(), context.colour());
    if (!context.out()) return;
  }
}

int kv_scan(Context& context) {
  Scan scan(context);
  if (context.json()) {
    print_json(context, scan);
  } else {
    print_table(context, scan);
  }
  return kDone;
}

}  // namespace

Command kv_scan_command() {
  return {
      .words = {"kv", "scan"},
      .arguments = "",
      .summary = "List keys and values in key order",
      .details =
          "Reads page after page until the end or the limit; each page is current for each\n"
          "shard, all together are not one moment. Bytes that are no text are printed as\n"
          "\\xNN and a backslash as \\\\; -o json gives them in base64.",
      .flags = {{.name = "prefix", .value = "TEXT", .help = "only keys that begin with this"},
                {.name = "start", .value = "KEY", .help = "only from this key on"},
                {.name = "end", .value = "KEY", .help = "only before this key"},
                {.name = "limit", .value = "N", .help = "at most so many (all)"},
                {.name = "keys-only", .value = "", .help = "one key a line, no values"},
                {.name = "reverse", .value = "", .help = "last key first"}},
      .examples = {{"greyctl kv scan --prefix config/", "all below config/"},
                   {"greyctl kv scan --start a --end b --keys-only", "the keys from a to before b"},
                   {"greyctl kv scan --reverse --limit 10", "the last ten"}},
      .run = kv_scan};
}

}  // namespace greyctl
