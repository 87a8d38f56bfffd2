#include "descriptor.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "grey/plugin.h"

namespace greyctl {
namespace {

using Found = std::variant<Descriptor, ElfError>;

// Null when the text is not terminated within its field.
template <size_t kSize>
std::optional<std::string> text_of(const char (&field)[kSize]) {
  const char* end = std::find(field, field + kSize, '\0');
  if (end == field + kSize) return std::nullopt;
  return std::string(field, end);
}

// Sets `broken` when a text is not terminated.
class TextReader {
 public:
  template <size_t kSize>
  std::string operator()(const char (&field)[kSize]) {
    const std::optional<std::string> text = text_of(field);
    broken_ = broken_ || !text;
    return text.value_or("");
  }
  bool broken() const { return broken_; }

 private:
  bool broken_ = false;
};

std::string version_text(uint16_t major_version, uint16_t minor_version) {
  return std::to_string(major_version) + "." + std::to_string(minor_version);
}

}  // namespace

Found read_descriptor(std::string_view file) {
  const auto section = find_elf_section(file, grey::kDescriptorSection);
  if (const auto* error = std::get_if<ElfError>(&section)) return *error;
  const std::string_view bytes = std::get<std::string_view>(section);
  const auto raw = std::make_unique<grey::PluginDescriptor>();
  std::memcpy(raw.get(), bytes.data(), std::min(bytes.size(), sizeof *raw));
  if (std::memcmp(raw->magic, grey::kDescriptorMagic, sizeof raw->magic) != 0) {
    return ElfError{"its descriptor does not begin with the mark of a Grey plugin"};
  }
  Descriptor result;
  result.sdk = version_text(raw->sdk_major, raw->sdk_minor);
  const std::string own = version_text(grey::kSdkMajor, grey::kSdkMinor);
  // Structs only grow at their end, but what a draft or another major version holds is unknown.
  const bool readable = raw->sdk_major == grey::kSdkMajor &&
                        (grey::kSdkMajor > 0 || raw->sdk_minor == grey::kSdkMinor);
  if (!readable) {
    return ElfError{"it was built with SDK " + result.sdk + " and this greyctl reads SDK " + own +
                    "; build it again, or use the greyctl of its version"};
  }
  if (raw->struct_size < sizeof *raw || raw->struct_size > bytes.size()) {
    return ElfError{"its descriptor has an impossible size"};
  }
  if (raw->option_count > grey::kMaxOptions) return ElfError{"its descriptor has too many options"};
  TextReader text;
  result.name = text(raw->name);
  result.version = text(raw->version);
  result.license = text(raw->license);
  result.summary = text(raw->summary);
  result.kind = text(raw->kind);
  result.owns_threads = (raw->flags & grey::kOwnsThreads) != 0;
  result.owns_io = (raw->flags & grey::kOwnsIo) != 0;
  for (uint32_t i = 0; i < grey::kMaxInterfaces; ++i) {
    if (std::string id = text(raw->provides[i]); !id.empty()) result.provides.push_back(id);
    if (std::string id = text(raw->needs[i]); !id.empty()) result.needs.push_back(id);
  }
  for (uint32_t i = 0; i < raw->option_count; ++i) {
    const grey::OptionDescriptor& option = raw->options[i];
    result.options.push_back({text(option.name), text(option.type), text(option.default_text),
                              text(option.allowed), text(option.documentation)});
  }
  if (text.broken()) return ElfError{"its descriptor holds a text without an end"};
  return result;
}

}  // namespace greyctl
