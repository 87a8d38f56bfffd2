// Files below the node's data directory. Paths are relative to it, with '/' between parts.
//
// Methods that may block are marked *blocking*: allowed in Plugin::start() and on workers, never on
// a loop that serves. On a loop use the submit_ methods.
#ifndef GREY_FILES_H_
#define GREY_FILES_H_

#include <cstdint>

#include "grey/bytes.h"
#include "grey/plugin.h"
#include "grey/status.h"

namespace grey {

inline constexpr uint32_t kFileCreate = 1;     // make it when it is missing
inline constexpr uint32_t kFileExclusive = 2;  // with kFileCreate: fail when it is there
inline constexpr uint32_t kFileReadOnly = 4;

inline constexpr uint32_t kWriteSync = 1;  // fdatasync after the write, before completion

// An open file; release() closes it. The submit_ operations of one file are carried out one after
// the other in the order of submission; completions come in that order, on the loop that submitted.
class File : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.file/1";

  virtual Status size(uint64_t* size) noexcept = 0;  // blocking
  // Reads up to `size` bytes; `got` below `size` only at the end of the file. Blocking.
  virtual Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept = 0;
  // Writes all of it or fails. Blocking.
  virtual Status write(uint64_t offset, ByteView bytes) noexcept = 0;
  virtual Status truncate(uint64_t size) noexcept = 0;  // blocking
  // fdatasync. After a failure the file's unsynced bytes are in an unknown state for ever: calling
  // again proves nothing. Blocking.
  virtual Status sync() noexcept = 0;

  // Writes `count` parts one after the other from `offset` on. Array and bytes belong to the caller
  // and must stay until `done`. `flags`: kWriteSync. Loop only.
  virtual void submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                            Completion* done) noexcept = 0;

  // Reads into `into`, which must stay until `done`; `got` is set before. Loop only.
  virtual void submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                           Completion* done) noexcept = 0;

 protected:
  ~File() = default;
};

class FileVisitor {
 public:
  // One entry of a directory: its name alone, and its size in bytes (0 for a directory).
  virtual void entry(const char* name, uint64_t size, bool is_directory) noexcept = 0;

 protected:
  ~FileVisitor() = default;
};

// All blocking. A change of names is durable only after sync_directory of the folder it stands in.
class Files : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.files/1";

  // `out` gets one reference.
  virtual Status open(const char* path, uint32_t flags, File** out) noexcept = 0;
  virtual Status remove(const char* path) noexcept = 0;
  // Replaces `to`, atomically.
  virtual Status rename(const char* from, const char* to) noexcept = 0;
  // Makes the folder and those above it; ok when it is there. Like any name, a folder's is durable
  // only after sync_directory of the folder it stands in.
  virtual Status make_directory(const char* path) noexcept = 0;
  virtual Status sync_directory(const char* path) noexcept = 0;
  // Visits the entries in order of their names.
  virtual Status list(const char* path, FileVisitor* visitor) noexcept = 0;
  // Bytes that may still be written below the data directory.
  virtual Status free_bytes(uint64_t* bytes) noexcept = 0;
  // The absolute path, for plugins that open files by themselves (kOwnsIo); cut to `size`.
  virtual Status absolute_path(const char* path, char* out, uint64_t size) noexcept = 0;

 protected:
  ~Files() = default;
};

}  // namespace grey

#endif  // GREY_FILES_H_
