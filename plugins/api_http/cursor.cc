#include "cursor.h"

#include <algorithm>

#include "grey/glue/crc32c.h"
#include "grey/glue/wire.h"
#include "json_text.h"

namespace grey::http {
namespace {

constexpr uint8_t kVersion = 1;

// The URL-safe alphabet, without padding: a cursor goes back in a query.
std::string to_url(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::string from_url(std::string_view cursor) {
  std::string text(cursor);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

}  // namespace

std::string encode_cursor(std::string_view parameters, std::string_view last_key) {
  std::string bytes;
  WireWriter writer(&bytes);
  writer.number(kVersion);
  writer.number(crc32c(view_of(parameters)));
  writer.raw(view_of(last_key));
  return to_url(to_base64(bytes));
}

std::optional<std::string> decode_cursor(std::string_view parameters, std::string_view cursor) {
  const auto bytes = from_base64(from_url(cursor));
  if (!bytes) return std::nullopt;
  WireReader reader(view_of(*bytes));
  if (reader.number<uint8_t>() != kVersion) return std::nullopt;
  if (reader.number<uint32_t>() != crc32c(view_of(parameters)) || !reader.ok()) return std::nullopt;
  return string_of(reader.raw(reader.remaining()));
}

}  // namespace grey::http
