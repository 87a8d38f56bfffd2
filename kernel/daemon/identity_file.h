#ifndef GREY_KERNEL_DAEMON_IDENTITY_FILE_H_
#define GREY_KERNEL_DAEMON_IDENTITY_FILE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace greyd {

using Uuid = std::array<uint8_t, 16>;

// A random UUID (version 4).
Uuid make_uuid();

std::string hex_text(const Uuid& uuid);

// Who a data directory belongs to. A name may come back with another instance uuid: that is another
// node, or the same one wiped.
struct StoredIdentity {
  std::string node_id;
  Uuid instance_uuid = {};
  Uuid cluster_id = {};  // zero until the node belongs to a cluster
  uint32_t number = 0;   // 0 until then

  bool operator==(const StoredIdentity&) const = default;
};

inline constexpr char kIdentityName[] = "identity";

// The file's content: lines of text, the last of them the CRC32C of the others. Specified in
// docs/formats/data-directory.md.
std::string encode_identity(const StoredIdentity& identity);

// Nothing, with what is wrong in `problem`, for bytes that are not a whole identity of a version
// that this build reads. Takes any bytes.
std::optional<StoredIdentity> decode_identity(std::string_view content, std::string* problem);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_IDENTITY_FILE_H_
