// A simulated process's view of its machine's disk.
#ifndef GREY_TESTKIT_SIM_SIM_FILES_H_
#define GREY_TESTKIT_SIM_SIM_FILES_H_

#include <deque>

#include "grey/glue/ref.h"
#include "grey/testkit/sim_disk.h"
#include "grey/testkit/sim_loop.h"

namespace grey::testkit {

class SimFile final : public Implements<File> {
 public:
  SimFile(SimProcess* process, std::shared_ptr<SimInode> inode, bool read_only, std::string path)
      : process_(process),
        inode_(std::move(inode)),
        read_only_(read_only),
        path_(std::move(path)) {}

  Status size(uint64_t* size) noexcept override;
  Status read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got) noexcept override;
  Status write(uint64_t offset, ByteView bytes) noexcept override;
  Status truncate(uint64_t size) noexcept override;
  Status sync() noexcept override;
  void submit_write(uint64_t offset, const ByteView* parts, uint32_t count, uint32_t flags,
                    Completion* done) noexcept override;
  void submit_read(uint64_t offset, uint8_t* into, uint64_t size, uint64_t* got,
                   Completion* done) noexcept override;

 private:
  struct Operation {
    SimLoop* loop;
    Completion* done;
    uint64_t bytes;
    bool with_sync;
    Status status;  // of `begin`
    std::function<Status()> begin;
    std::function<Status()> end;
  };
  void submit(Operation operation);
  void start_next();
  void finish();
  SimDisk& disk();

  SimProcess* process_;
  std::shared_ptr<SimInode> inode_;
  const bool read_only_;
  const std::string path_;
  std::deque<Operation> operations_;
};

class SimFiles final : public SimService<Files> {
 public:
  explicit SimFiles(SimProcess* process) : process_(process) {}

  Status open(const char* path, uint32_t flags, File** out) noexcept override;
  Status remove(const char* path) noexcept override;
  Status rename(const char* from, const char* to) noexcept override;
  Status make_directory(const char* path) noexcept override;
  Status sync_directory(const char* path) noexcept override;
  Status list(const char* path, FileVisitor* visitor) noexcept override;
  Status free_bytes(uint64_t* bytes) noexcept override;
  Status absolute_path(const char* path, char* out, uint64_t size) noexcept override;

 private:
  SimProcess* process_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_FILES_H_
