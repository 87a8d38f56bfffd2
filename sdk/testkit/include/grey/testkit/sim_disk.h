// The disk of one simulated machine: what was written, and apart from it what would survive.
//
// A crash keeps what was synced and, of what was not, whatever chance says: all, nothing, single
// sectors. A name (a file made, removed or renamed) survives for certain only after its directory
// was synced; of the changes since then a crash keeps the first few.
#ifndef GREY_TESTKIT_SIM_DISK_H_
#define GREY_TESTKIT_SIM_DISK_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/files.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

// One file, whatever its name.
class SimInode {
 public:
  const std::string& content() const { return content_; }
  void write(uint64_t offset, std::string_view bytes);
  void truncate(uint64_t size);
  // Everything written so far survives.
  void sync();
  // fdatasync failed: what was not synced is never written any more, though reads still see it.
  void fail_sync() { unsynced_.clear(); }
  // The machine lost its power.
  void crash(SimRandom* random);
  // A bit on the medium changes.
  void flip_bit(uint64_t byte, uint32_t bit);
  bool has_unsynced() const { return !unsynced_.empty(); }

 private:
  struct Change {
    bool is_truncate;
    uint64_t offset;  // or the new size
    std::string bytes;
  };
  static void apply(std::string* content, const Change& change);
  static void apply_torn(std::string* content, const Change& change, SimRandom* random);

  std::string content_;           // what reads see
  std::string durable_;           // what survives for certain
  std::vector<Change> unsynced_;  // what makes content_ of durable_
};

// How the disk misbehaves at present.
struct SimDiskFaults {
  bool hung = false;  // operations do not end
  bool lies = false;  // writes with kWriteSync end well and are not durable, as if software
                      // acknowledged before its fdatasync
  Status write_error = ok_status();  // what writes answer
  Status sync_error = ok_status();
  Status read_error = ok_status();
  std::string only;  // the errors are for paths with this in them; "": for all
  // After a failed sync what was not synced stays to be written, instead of being dropped.
  bool failed_sync_keeps = false;
  uint64_t slow_factor = 1;  // latencies are multiplied by it
};

class SimDisk {
 public:
  SimDisk(SimWorld* world, SimRandom random) : world_(world), random_(random) {}
  // Copies are deep.
  SimDisk(const SimDisk& other);
  SimDisk& operator=(const SimDisk& other);

  // As grey::Files, with normalised paths: no leading or trailing '/', "" is the data directory.
  Status open(const std::string& path, uint32_t flags, std::shared_ptr<SimInode>* out);
  Status remove(const std::string& path);
  Status rename(const std::string& from, const std::string& to);
  Status make_directory(const std::string& path);
  Status sync_directory(const std::string& path);
  Status list(const std::string& path, FileVisitor* visitor);

  // `path` is what the file was opened by.
  Status read(const SimInode& inode, const std::string& path, uint64_t offset, uint64_t size,
              std::string_view* out);
  Status write(SimInode* inode, const std::string& path, uint64_t offset, std::string_view bytes);
  Status truncate(SimInode* inode, const std::string& path, uint64_t size);
  // `submitted`: by a write with kWriteSync.
  Status sync(SimInode* inode, const std::string& path, bool submitted);

  void crash();

  SimDiskFaults& faults() { return faults_; }
  // Ends a hang: operations go on.
  void resume();
  // Runs `action` when the disk hangs no more.
  void when_resumed(std::function<void()> action) { waiting_.push_back(std::move(action)); }
  // How long the next operation takes.
  uint64_t latency_ns(bool with_sync, uint64_t bytes);

  static constexpr uint64_t kUsualCapacity = 4ull << 30;
  uint64_t used_bytes() const;
  void set_capacity_bytes(uint64_t bytes) { capacity_bytes_ = bytes; }
  uint64_t capacity_bytes() const { return capacity_bytes_; }

  // Calls `action` once, in the middle of the `count`-th change from now on.
  void after_changes(uint64_t count, std::function<void()> action);

  // How many operations were answered with an error because of the faults above or a full disk.
  uint64_t errors_answered() const { return errors_answered_; }

  // For tests that damage files.
  SimInode* find(const std::string& path);
  // The paths of all files with `part` in them, in order.
  std::vector<std::string> paths_with(const std::string& part) const;
  // Everything written so far reaches the medium, as the operating system sees to in time.
  void write_back();
  // Turns one bit of a file where something was written, as far as a few attempts find such a
  // place. Write back first: what is at rest rots.
  void rot(const std::string& path, SimRandom* random);

 private:
  using Entry = std::shared_ptr<SimInode>;  // null: a directory
  struct Directory {
    std::map<std::string, Entry> entries;
    std::map<std::string, Entry> durable;
    // Changes since the last sync, in order; a rename is one change of two names.
    std::vector<std::vector<std::pair<std::string, std::pair<bool, Entry>>>> changes;
  };
  struct Place {
    std::string directory;
    std::string name;
  };
  static Place place_of(const std::string& path);
  Directory* directory(const std::string& path);
  void change(Directory* directory,
              std::vector<std::pair<std::string, std::pair<bool, Entry>>> names);
  void changed();
  void drop_orphans();
  Status error_for(const Status& error, const std::string& path);

  SimWorld* world_;
  SimRandom random_;
  std::map<std::string, Directory> directories_ = {{"", {}}};
  SimDiskFaults faults_;
  uint64_t capacity_bytes_ = kUsualCapacity;
  std::vector<std::function<void()>> waiting_;
  uint64_t errors_answered_ = 0;
  uint64_t changes_left_ = 0;
  std::function<void()> changes_action_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_DISK_H_
