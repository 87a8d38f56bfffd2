#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "context.h"
#include "encoding.h"
#include "failure.h"
#include "json_view.h"
#include "verbs/plugin_view.h"
#include "verbs/verbs.h"

namespace greyctl {
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{1} << 30;

// `raft` is a name; `./raft` and `raft.so` are files.
bool names_a_file(const std::string& argument) {
  return argument.find('/') != std::string::npos || argument.ends_with(".so");
}

// Read whole instead of mapped: a mapped file that shrinks meanwhile kills its reader.
std::string read_plugin_file(const std::string& path) {
  const std::string shown = "'" + escape_for_display(path) + "'";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw Failure(kNotFound, "there is no file " + shown);
  if (!std::filesystem::is_regular_file(path, error)) {
    throw Failure(kFailed, shown + " is not a file");
  }
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kLargestFile) throw Failure(kFailed, shown + " is too large for a plugin");
  std::string bytes(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!file.is_open() || file.bad()) throw Failure(kFailed, shown + " cannot be read");
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

int inspect_file(Context& context, const std::string& path) {
  const auto found = read_descriptor(read_plugin_file(path));
  if (const auto* error = std::get_if<ElfError>(&found)) {
    throw Failure(kFailed, "'" + escape_for_display(path) + "': " + error->sentence);
  }
  const auto& descriptor = std::get<Descriptor>(found);
  if (context.json()) {
    // A descriptor is bytes from a file, and JSON must be UTF-8.
    const std::string text = boost::json::serialize(json_of(descriptor, path));
    context.print_verbatim(is_utf8(text) ? text : escape_for_display(text));
  } else {
    print_descriptor(context, descriptor, escape_for_display(path));
  }
  return kDone;
}

int inspect_loaded(Context& context, const std::string& name) {
  const boost::json::value document = parse_document(context.api().get("/v1/plugins"));
  for (const auto& plugin : array_field(document, "plugins")) {
    if (field(plugin, "name") != escape_for_display(name)) continue;
    if (context.json()) {
      context.print_verbatim(boost::json::serialize(plugin));
    } else {
      print_descriptor(context, descriptor_of(plugin), field(plugin, "file"));
    }
    return kDone;
  }
  throw Failure(kNotFound, "the node has loaded no plugin '" + escape_for_display(name) +
                               "'; for a file give its path, like ./" + escape_for_display(name) +
                               ".so");
}

int plugin_inspect(Context& context) {
  const std::string& argument = context.values()[0];
  return names_a_file(argument) ? inspect_file(context, argument)
                                : inspect_loaded(context, argument);
}

}  // namespace

Command plugin_inspect_command() {
  return {.words = {"plugin", "inspect"},
          .arguments = "FILE.so|NAME",
          .min_arguments = 1,
          .max_arguments = 1,
          .summary = "Show what a plugin is: one that is loaded, or one in a file",
          .details =
              "What contains a slash or ends in .so is a file. Its descriptor is read out of the\n"
              "file; no code of it runs.",
          .flags = {},
          .examples = {{"greyctl plugin inspect raft", "a plugin that the node has loaded"},
                       {"greyctl plugin inspect /usr/lib/grey/plugins/storage_rocksdb.so",
                        "a file, with its options"}},
          .run = plugin_inspect};
}

}  // namespace greyctl
