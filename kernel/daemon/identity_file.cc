#include "daemon/identity_file.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "grey/glue/bytes.h"
#include "grey/glue/crc32c.h"

namespace greyd {
namespace {

constexpr int kIdentityVersion = 1;

std::string crc_line(std::string_view lines) {
  char text[24];
  std::snprintf(text, sizeof(text), "crc32c %08x\n", grey::crc32c(grey::view_of(lines)));
  return text;
}

// Takes the line "KEY VALUE\n" off the front; false if the front is not such a line.
bool take_line(std::string_view* rest, std::string_view key, std::string_view* value) {
  const size_t end = rest->find('\n');
  if (end == std::string_view::npos) return false;
  std::string_view line = rest->substr(0, end);
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') return false;
  *value = line.substr(key.size() + 1);
  rest->remove_prefix(end + 1);
  return true;
}

template <typename Number>
bool read_number(std::string_view text, Number* out, int base = 10) {
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, *out, base);
  return code == std::errc() && stop == end && !text.empty();
}

bool read_uuid(std::string_view text, Uuid* out) {
  if (text.size() != 2 * out->size()) return false;
  for (size_t i = 0; i < out->size(); ++i) {
    if (!read_number(text.substr(2 * i, 2), &(*out)[i], 16)) return false;
  }
  return true;
}

bool read_fields(std::string_view lines, StoredIdentity* out) {
  std::string_view node_id;
  std::string_view uuid;
  std::string_view cluster;
  std::string_view number;
  if (!take_line(&lines, "node_id", &node_id) || !take_line(&lines, "instance_uuid", &uuid) ||
      !take_line(&lines, "cluster_id", &cluster) || !take_line(&lines, "number", &number) ||
      !lines.empty()) {
    return false;
  }
  out->node_id = node_id;
  return read_uuid(uuid, &out->instance_uuid) && read_uuid(cluster, &out->cluster_id) &&
         read_number(number, &out->number) && (out->number == 0) == (out->cluster_id == Uuid{});
}

}  // namespace

Uuid make_uuid() {
  Uuid uuid;
  if (::getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size())) std::abort();
  uuid[6] = static_cast<uint8_t>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string hex_text(const Uuid& uuid) {
  std::string text;
  for (const uint8_t byte : uuid) {
    char pair[3];
    std::snprintf(pair, sizeof(pair), "%02x", byte);
    text += pair;
  }
  return text;
}

std::string encode_identity(const StoredIdentity& identity) {
  const std::string lines =
      "grey-identity " + std::to_string(kIdentityVersion) + "\nnode_id " + identity.node_id +
      "\ninstance_uuid " + hex_text(identity.instance_uuid) + "\ncluster_id " +
      hex_text(identity.cluster_id) + "\nnumber " + std::to_string(identity.number) + "\n";
  return lines + crc_line(lines);
}

std::optional<StoredIdentity> decode_identity(std::string_view content, std::string* problem) {
  std::string_view rest = content;
  std::string_view value;
  int version = 0;
  if (!take_line(&rest, "grey-identity", &value) || !read_number(value, &version) || version < 1) {
    *problem = "is damaged: it does not begin as an identity file";
    return std::nullopt;
  }
  if (version > kIdentityVersion) {
    *problem = "has version " + std::to_string(version) + ", this greyd reads up to " +
               std::to_string(kIdentityVersion) +
               ": start the version of greyd that wrote it, or a newer one";
    return std::nullopt;
  }
  constexpr size_t kCrcLineSize = 16;  // "crc32c 01234567\n"
  const size_t lines_size = content.size() - std::min(content.size(), kCrcLineSize);
  StoredIdentity identity;
  if (content.substr(lines_size) != crc_line(content.substr(0, lines_size))) {
    *problem =
        "is damaged: its checksum does not fit; put back a copy of it, or empty the data "
        "directory and let the cluster fill it again";
    return std::nullopt;
  }
  rest.remove_suffix(kCrcLineSize);
  if (!read_fields(rest, &identity)) {
    *problem = "holds fields that make no sense";
    return std::nullopt;
  }
  return identity;
}

}  // namespace greyd
