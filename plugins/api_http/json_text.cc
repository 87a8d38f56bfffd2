#include "json_text.h"

#include <openssl/evp.h>

namespace grey::http {

bool is_utf8(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const size_t length = lead < 0x80           ? 1
                          : (lead >> 5) == 0x06 ? 2
                          : (lead >> 4) == 0x0E ? 3
                          : (lead >> 3) == 0x1E ? 4
                                                : 0;
    if (length == 0 || i + length > bytes.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next >> 6) != 0x02) return false;
      point = (point << 6) | (next & 0x3F);
    }
    constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
      return false;
    }
    i += length;
  }
  return true;
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return std::string();
  std::string bytes(3 * text.size() / 4, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // EVP_DecodeBlock counts padding as zero bytes.
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(size) - padding);
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

void add_bytes(boost::json::object* object, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object->emplace(boost::json::string_view(name.data(), name.size()),
                    boost::json::string_view(bytes.data(), bytes.size()));
    return;
  }
  const std::string encoded = to_base64(bytes);
  object->emplace(std::string(name) + "_base64",
                  boost::json::string_view(encoded.data(), encoded.size()));
}

bool read_bytes(const boost::json::object& object, std::string_view name, std::string* bytes,
                bool* present, std::string* error) {
  const std::string encoded_name = std::string(name) + "_base64";
  const auto* plain = object.if_contains({name.data(), name.size()});
  const auto* encoded = object.if_contains(encoded_name);
  *present = plain || encoded;
  if (!*present) return true;
  const auto* value = plain ? plain : encoded;
  const std::string member = plain ? std::string(name) : encoded_name;
  if (plain && encoded) {
    *error = "both " + std::string(name) + " and " + encoded_name + " are given";
  } else if (!value->is_string()) {
    *error = member + " must be a string";
  } else if (plain) {
    bytes->assign(value->get_string().data(), value->get_string().size());
  } else {
    const auto decoded = from_base64({value->get_string().data(), value->get_string().size()});
    if (!decoded) *error = member + " is not base64";
    if (decoded) *bytes = *decoded;
  }
  return error->empty();
}

}  // namespace grey::http
