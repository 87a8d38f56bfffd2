// A disk for the tests of imports, which can be full, or unable.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_FAULTY_DISK_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_FAULTY_DISK_H_

#include <rocksdb/env.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

namespace grey::testkit {

inline constexpr uint64_t kEnough = uint64_t{1} << 40;

// Holds back whoever comes to it.
class Gate {
 public:
  void shut() { shut_ = true; }
  void open() {
    shut_ = false;
    shut_.notify_all();
  }
  void pass() {
    if (!shut_) return;
    waits_ = true;
    waits_.notify_all();
    shut_.wait(true);
  }
  void wait_for_one() { waits_.wait(false); }

 private:
  std::atomic<bool> shut_{false};
  std::atomic<bool> waits_{false};
};

// Whose second sync from now on goes through the gate: the first one stores file numbers, before
// RocksDB holds its writers off.
class GatedManifest final : public rocksdb::WritableFile {
 public:
  GatedManifest(std::unique_ptr<rocksdb::WritableFile> target, Gate* gate, std::atomic<int>* syncs)
      : target_(std::move(target)), gate_(gate), syncs_(syncs) {}
  using rocksdb::WritableFile::Append;
  rocksdb::Status Append(const rocksdb::Slice& data) override { return target_->Append(data); }
  rocksdb::Status Close() override { return target_->Close(); }
  rocksdb::Status Flush() override { return target_->Flush(); }
  rocksdb::Status Sync() override {
    if (++*syncs_ > 1) gate_->pass();
    return target_->Sync();
  }

 private:
  std::unique_ptr<rocksdb::WritableFile> target_;
  Gate* gate_;
  std::atomic<int>* syncs_;
};

class RefusesWrites final : public rocksdb::WritableFileWrapper {
 public:
  explicit RefusesWrites(std::unique_ptr<rocksdb::WritableFile> target)
      : WritableFileWrapper(target.get()), target_(std::move(target)) {}
  rocksdb::Status PositionedAppend(const rocksdb::Slice&, uint64_t) override {
    return rocksdb::Status::IOError("injected");
  }

 private:
  const std::unique_ptr<rocksdb::WritableFile> target_;
};

enum class DirectWrites { work, cannot_be_opened, cannot_be_written };

class FaultyDisk final : public rocksdb::EnvWrapper {
 public:
  FaultyDisk() : EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "FaultyDisk"; }
  rocksdb::Status GetFreeSpace(const std::string&, uint64_t* free) override {
    *free = full_after-- > 0 ? free_bytes.load() : 0;
    if (capacity != 0) *free = capacity - std::min(capacity.load(), used_bytes());
    return rocksdb::Status::OK();
  }
  // Of all files below the folder.
  uint64_t used_bytes() const {
    uint64_t bytes = 0;
    std::error_code gone;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      const uint64_t size = file.is_regular_file(gone) ? file.file_size(gone) : 0;
      if (!gone) bytes += size;
    }
    return bytes;
  }
  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    if (path.ends_with(".sst") && path.find("/import/") == std::string::npos) {
      ++flushes;
      if (fail_flushes) return rocksdb::Status::NoSpace("injected");
    }
    const bool direct = options.use_direct_writes && path.find("/import/") != std::string::npos;
    if (direct) ++direct_files;
    if (direct && direct_writes == DirectWrites::cannot_be_opened) {
      return rocksdb::Status::InvalidArgument("injected");
    }
    if (fail_probes && path.find("/import/probe") != std::string::npos) {
      return rocksdb::Status::NoSpace("injected");
    }
    const rocksdb::Status status = EnvWrapper::NewWritableFile(path, file, options);
    if (status.ok() && path.find("MANIFEST") != std::string::npos) {
      *file = std::make_unique<GatedManifest>(std::move(*file), &manifest, &manifest_syncs);
    }
    if (status.ok() && direct && direct_writes == DirectWrites::cannot_be_written) {
      *file = std::make_unique<RefusesWrites>(std::move(*file));
    }
    return status;
  }
  rocksdb::Status LinkFile(const std::string& from, const std::string& to) override {
    if (to.find("/import/") == std::string::npos) ++links;
    if (fail_links) return rocksdb::Status::IOError("injected");
    return EnvWrapper::LinkFile(from, to);
  }

  Gate manifest;
  std::atomic<int> manifest_syncs{0};
  std::string folder;
  std::atomic<uint64_t> capacity{0};  // of the folder's disk; 0: what is said to be free stays so
  std::atomic<uint64_t> free_bytes{kEnough};
  std::atomic<int> full_after{1 << 30};  // how often it has been asked for what is free
  std::atomic<bool> fail_links{false};
  std::atomic<bool> fail_probes{false};
  std::atomic<int> links{0};  // into the database
  std::atomic<DirectWrites> direct_writes{DirectWrites::work};
  std::atomic<int> direct_files{0};
  std::atomic<bool> fail_flushes{false};
  std::atomic<int> flushes{0};
};

}  // namespace grey::testkit

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_FAULTY_DISK_H_
