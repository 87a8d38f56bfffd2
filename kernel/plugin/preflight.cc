#include "plugin/preflight.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "plugin/descriptor_check.h"
#include "plugin/elf_reader.h"
#include "plugin/file_trust.h"

namespace greyd {
namespace {

constexpr char kEntrySymbol[] = "grey_plugin_create";
constexpr char kDescriptorSymbol[] = "grey_plugin_descriptor";

// What any version of a descriptor begins with.
struct DescriptorHead {
  char magic[8];
  uint32_t struct_size;
  uint16_t sdk_major;
  uint16_t sdk_minor;
};

std::string version_text(uint16_t major, uint16_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

// Empty and `descriptor` filled, or what is wrong.
std::string read_descriptor(ElfReader& elf, grey::PluginDescriptor* descriptor) {
  std::string problem;
  const std::vector<uint8_t> bytes =
      elf.section(grey::kDescriptorSection, sizeof(grey::PluginDescriptor), &problem);
  if (!problem.empty()) return problem;
  if (bytes.empty()) {
    return std::string("is a shared object but no Grey plugin: it has no section ") +
           grey::kDescriptorSection;
  }
  DescriptorHead head;
  if (bytes.size() < sizeof(head)) return "has a plugin descriptor that is cut off";
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (std::memcmp(head.magic, grey::kDescriptorMagic, sizeof(head.magic)) != 0) {
    return "has a plugin descriptor that does not begin with GREYPLUG";
  }
  // The version first: what follows may have another layout in another version.
  problem = sdk_problem(head.sdk_major, head.sdk_minor);
  if (!problem.empty()) return problem;
  if (head.struct_size != sizeof(grey::PluginDescriptor) ||
      bytes.size() != sizeof(grey::PluginDescriptor)) {
    return "has a plugin descriptor of " + std::to_string(head.struct_size) + " bytes, SDK " +
           version_text(grey::kSdkMajor, grey::kSdkMinor) + " has " +
           std::to_string(sizeof(grey::PluginDescriptor)) +
           ": build the plugin with the released headers of that SDK";
  }
  std::memcpy(descriptor, bytes.data(), sizeof(*descriptor));
  return descriptor_problem(*descriptor);
}

std::string missing_export(ElfReader& elf) {
  for (const char* symbol : {kEntrySymbol, kDescriptorSymbol}) {
    std::string problem;
    if (elf.exports(symbol, &problem)) continue;
    if (!problem.empty()) return problem;
    return std::string("does not export ") + symbol +
           ": declare it with GREY_PLUGIN_EXPORT and export it from the version script";
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Who may write to any folder above a file may exchange everything below that folder.
std::string folders_problem(const std::string& real, uid_t uid) {
  std::string folder = real;
  do {
    folder = folder_of(folder);
    struct stat info;
    if (::stat(folder.c_str(), &info) != 0)
      return "its folder " + folder + ": " + std::strerror(errno);
    const std::string problem = trust_problem(info, uid);
    if (!problem.empty()) return "its folder " + folder + " " + problem;
  } while (folder != "/");
  return {};
}

struct OpenFile {
  int fd = -1;
  uint64_t size = 0;
  std::string path;
};

// The sentence that refuses a file, or empty; `file` is then open for reading.
std::string open_trusted(const std::string& path, uid_t uid, OpenFile* file) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr),
                                                             &std::free);
  if (!resolved) return path + ": cannot be opened: " + std::strerror(errno);
  const std::string real(resolved.get());
  const std::string shown = real == path ? path : path + " (which is " + real + ")";
  if (std::string problem = folders_problem(real, uid); !problem.empty()) {
    return shown + ": " + problem;
  }
  file->path = real;
  file->fd = ::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (file->fd < 0) return shown + ": cannot be opened: " + std::strerror(errno);
  struct stat info;
  if (::fstat(file->fd, &info) != 0) return shown + ": " + std::strerror(errno);
  if (!S_ISREG(info.st_mode)) return shown + ": is not a regular file";
  if (std::string problem = trust_problem(info, uid); !problem.empty()) {
    return shown + ": " + problem;
  }
  file->size = static_cast<uint64_t>(info.st_size);
  return {};
}

}  // namespace

std::string sdk_problem(uint16_t major, uint16_t minor) {
  const bool same_draft = minor == grey::kSdkMinor;
  const bool fits =
      major == grey::kSdkMajor && (grey::kSdkMajor == 0 ? same_draft : minor <= grey::kSdkMinor);
  if (fits) return {};
  const bool plugin_is_newer =
      major != grey::kSdkMajor ? major > grey::kSdkMajor : minor > grey::kSdkMinor;
  return "is built with SDK " + version_text(major, minor) + ", this greyd has SDK " +
         version_text(grey::kSdkMajor, grey::kSdkMinor) + ": " +
         (plugin_is_newer ? "upgrade greyd, or install the plugin's build for this SDK"
                          : "install the plugin's build for this SDK");
}

Preflight preflight_content(const std::string& name, ByteSource* source) {
  ElfReader elf;
  std::string problem = elf.open(source);
  grey::PluginDescriptor descriptor;
  if (problem.empty()) problem = read_descriptor(elf, &descriptor);
  if (problem.empty()) problem = missing_export(elf);
  if (!problem.empty()) return {std::nullopt, name + ": " + problem, {}};
  return {descriptor, {}, {}};
}

Preflight preflight_file(const std::string& path, uid_t uid) {
  OpenFile file;
  std::string refusal = open_trusted(path, uid, &file);
  Preflight result;
  if (refusal.empty()) {
    DescriptorSource source(file.fd, file.size);
    result = preflight_content(path, &source);
    result.path = std::move(file.path);
  } else {
    result.refusal = std::move(refusal);
  }
  if (file.fd >= 0) ::close(file.fd);
  return result;
}

int kind_rank(std::string_view kind) {
  constexpr std::string_view kinds[] = {"transport", "consensus", "storage", "membership",
                                        "metrics",   "service",   "api"};
  for (int rank = 0; rank < static_cast<int>(std::size(kinds)); ++rank) {
    if (kinds[rank] == kind) return rank;
  }
  return -1;
}

}  // namespace greyd
