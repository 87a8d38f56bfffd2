#include "grey/testkit/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace grey::testkit {
namespace {

Status not_found() {
  return make_status(StatusCode::not_found, "no such file or directory", ENOENT);
}

}  // namespace

SimDisk::SimDisk(const SimDisk& other) : world_(other.world_), random_(other.random_) {
  *this = other;
}

SimDisk& SimDisk::operator=(const SimDisk& other) {
  if (this == &other) return *this;
  random_ = other.random_;
  directories_ = other.directories_;
  faults_ = other.faults_;
  capacity_bytes_ = other.capacity_bytes_;
  waiting_.clear();
  changes_left_ = 0;
  changes_action_ = nullptr;
  std::map<const SimInode*, Entry> copies;
  const auto copy = [&copies](Entry* entry) {
    if (!*entry) return;
    Entry& twin = copies[entry->get()];
    if (!twin) twin = std::make_shared<SimInode>(**entry);
    *entry = twin;
  };
  for (auto& [path, folder] : directories_) {
    for (auto& [name, entry] : folder.entries) copy(&entry);
    for (auto& [name, entry] : folder.durable) copy(&entry);
    for (auto& change : folder.changes) {
      for (auto& [name, what] : change) copy(&what.second);
    }
  }
  return *this;
}

SimDisk::Place SimDisk::place_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

SimDisk::Directory* SimDisk::directory(const std::string& path) {
  auto found = directories_.find(path);
  return found == directories_.end() ? nullptr : &found->second;
}

SimInode* SimDisk::find(const std::string& path) {
  const Place place = place_of(path);
  Directory* folder = directory(place.directory);
  if (!folder) return nullptr;
  auto found = folder->entries.find(place.name);
  return found == folder->entries.end() ? nullptr : found->second.get();
}

void SimDisk::change(Directory* folder,
                     std::vector<std::pair<std::string, std::pair<bool, Entry>>> names) {
  for (const auto& [name, what] : names) {
    if (what.first) {
      folder->entries[name] = what.second;
    } else {
      folder->entries.erase(name);
    }
  }
  folder->changes.push_back(std::move(names));
  changed();
}

void SimDisk::changed() {
  if (changes_left_ == 0 || --changes_left_ != 0) return;
  auto action = std::move(changes_action_);
  changes_action_ = nullptr;
  action();
}

void SimDisk::after_changes(uint64_t count, std::function<void()> action) {
  changes_left_ = count;
  changes_action_ = std::move(action);
}

Status SimDisk::open(const std::string& path, uint32_t flags, std::shared_ptr<SimInode>* out) {
  if (const Status error = error_for(faults_.read_error, path); !error.ok()) return error;
  const Place place = place_of(path);
  Directory* folder = directory(place.directory);
  if (!folder) return not_found();
  auto found = folder->entries.find(place.name);
  if (found != folder->entries.end()) {
    if (flags & kFileExclusive) {
      return make_status(StatusCode::already_exists, "the file exists", EEXIST);
    }
    if (!found->second) return make_status(StatusCode::io_error, "a directory", EISDIR);
    *out = found->second;
    return ok_status();
  }
  if (!(flags & kFileCreate)) return not_found();
  if (const Status error = error_for(faults_.write_error, path); !error.ok()) return error;
  *out = std::make_shared<SimInode>();
  change(folder, {{place.name, {true, *out}}});
  return ok_status();
}

Status SimDisk::remove(const std::string& path) {
  const Place place = place_of(path);
  Directory* folder = directory(place.directory);
  if (!folder || !folder->entries.contains(place.name)) return not_found();
  if (const Status error = error_for(faults_.write_error, path); !error.ok()) return error;
  if (!folder->entries[place.name]) {
    Directory* removed = directory(path);
    if (removed && !removed->entries.empty()) {
      return make_status(StatusCode::io_error, "the directory is not empty", ENOTEMPTY);
    }
    directories_.erase(path);
  }
  change(folder, {{place.name, {false, nullptr}}});
  return ok_status();
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
  const Place source = place_of(from), target = place_of(to);
  if (source.directory != target.directory) {
    return make_status(StatusCode::unsupported, "the simulated disk renames within a directory");
  }
  Directory* folder = directory(source.directory);
  if (!folder) return not_found();
  auto found = folder->entries.find(source.name);
  if (found == folder->entries.end()) return not_found();
  if (!found->second) return make_status(StatusCode::unsupported, "rename of a directory");
  if (const Status error = error_for(faults_.write_error, from); !error.ok()) return error;
  const Entry inode = found->second;
  change(folder, {{source.name, {false, nullptr}}, {target.name, {true, inode}}});
  return ok_status();
}

Status SimDisk::make_directory(const std::string& path) {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!part.empty() && !directory(part)) {
      if (const Status error = error_for(faults_.write_error, part); !error.ok()) return error;
      const Place place = place_of(part);
      if (directory(place.directory)->entries.contains(place.name)) {
        return make_status(StatusCode::already_exists, "a file has this name", EEXIST);
      }
      directories_[part];
      change(directory(place.directory), {{place.name, {true, nullptr}}});
    }
    if (end == std::string::npos) return ok_status();
  }
}

Status SimDisk::sync_directory(const std::string& path) {
  Directory* folder = directory(path);
  if (!folder) return not_found();
  if (const Status error = error_for(faults_.sync_error, path); !error.ok()) return error;
  changed();
  folder->durable = folder->entries;
  folder->changes.clear();
  return ok_status();
}

Status SimDisk::list(const std::string& path, FileVisitor* visitor) {
  Directory* folder = directory(path);
  if (!folder) return not_found();
  if (const Status error = error_for(faults_.read_error, path); !error.ok()) return error;
  const auto entries = folder->entries;  // the visitor may change the directory
  for (const auto& [name, inode] : entries) {
    visitor->entry(name.c_str(), inode ? inode->content().size() : 0, !inode);
  }
  return ok_status();
}

Status SimDisk::error_for(const Status& error, const std::string& path) {
  if (error.ok() || path.find(faults_.only) == std::string::npos) return ok_status();
  ++errors_answered_;
  return error;
}

Status SimDisk::read(const SimInode& inode, const std::string& path, uint64_t offset, uint64_t size,
                     std::string_view* out) {
  if (const Status error = error_for(faults_.read_error, path); !error.ok()) return error;
  const std::string_view content = inode.content();
  *out = offset < content.size() ? content.substr(offset, size) : std::string_view();
  return ok_status();
}

Status SimDisk::write(SimInode* inode, const std::string& path, uint64_t offset,
                      std::string_view bytes) {
  if (const Status error = error_for(faults_.write_error, path); !error.ok()) return error;
  if (offset + bytes.size() > inode->content().size() &&
      used_bytes() + bytes.size() > capacity_bytes_) {
    ++errors_answered_;
    return make_status(StatusCode::no_space, "the simulated disk is full", ENOSPC);
  }
  inode->write(offset, bytes);
  changed();
  return ok_status();
}

Status SimDisk::truncate(SimInode* inode, const std::string& path, uint64_t size) {
  if (const Status error = error_for(faults_.write_error, path); !error.ok()) return error;
  inode->truncate(size);
  return ok_status();
}

Status SimDisk::sync(SimInode* inode, const std::string& path, bool submitted) {
  if (const Status error = error_for(faults_.sync_error, path); !error.ok()) {
    if (!faults_.failed_sync_keeps) inode->fail_sync();
    return error;
  }
  changed();
  if (!submitted || !faults_.lies) inode->sync();
  return ok_status();
}

std::vector<std::string> SimDisk::paths_with(const std::string& part) const {
  std::vector<std::string> found;
  for (const auto& [folder, content] : directories_) {
    for (const auto& [name, inode] : content.entries) {
      const std::string path = folder.empty() ? name : folder + "/" + name;
      if (inode && path.find(part) != std::string::npos) found.push_back(path);
    }
  }
  return found;
}

void SimDisk::write_back() {
  for (auto& [path, folder] : directories_) {
    for (auto& [name, inode] : folder.entries) {
      if (inode) inode->sync();
    }
    folder.durable = folder.entries;
    folder.changes.clear();
  }
}

void SimDisk::rot(const std::string& path, SimRandom* random) {
  constexpr int kAttempts = 200;
  SimInode* inode = find(path);
  if (!inode || inode->content().empty()) return;
  uint64_t at = 0;
  for (int i = 0; i < kAttempts; ++i) {
    at = random->below(inode->content().size());
    if (inode->content()[at] != '\0') break;
  }
  inode->flip_bit(at, static_cast<uint32_t>(random->below(8)));
}

void SimDisk::crash() {
  for (auto& [path, folder] : directories_) {
    const uint64_t kept = folder.changes.empty() ? 0 : random_.below(folder.changes.size() + 1);
    for (uint64_t i = 0; i < kept; ++i) {
      for (const auto& [name, what] : folder.changes[i]) {
        if (what.first) {
          folder.durable[name] = what.second;
        } else {
          folder.durable.erase(name);
        }
      }
    }
    folder.changes.clear();
    folder.entries = folder.durable;
  }
  drop_orphans();
  std::map<const SimInode*, bool> seen;  // by address, but each file once in order of its path
  for (auto& [path, folder] : directories_) {
    for (auto& [name, inode] : folder.entries) {
      if (inode && !std::exchange(seen[inode.get()], true)) inode->crash(&random_);
    }
  }
  waiting_.clear();
  faults_.hung = false;
  changes_left_ = 0;
}

// Directories whose own name was lost, and names whose directory was.
void SimDisk::drop_orphans() {
  for (auto it = directories_.begin(); it != directories_.end();) {
    const Place place = place_of(it->first);
    Directory* parent = it->first.empty() ? nullptr : directory(place.directory);
    const bool kept = it->first.empty() || (parent && parent->entries.contains(place.name));
    it = kept ? std::next(it) : directories_.erase(it);
  }
  for (auto& [path, folder] : directories_) {
    for (auto it = folder.entries.begin(); it != folder.entries.end();) {
      const std::string full = path.empty() ? it->first : path + "/" + it->first;
      // The name of a directory came back after its content was removed.
      if (!it->second && !directory(full)) {
        it = folder.entries.erase(it);
      } else {
        ++it;
      }
    }
    folder.durable = folder.entries;
  }
}

void SimDisk::resume() {
  faults_.hung = false;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& action : waiting) action();
}

uint64_t SimDisk::latency_ns(bool with_sync, uint64_t bytes) {
  uint64_t latency = random_.between(5, 30) * kMicrosecondNs + bytes / 4;
  if (with_sync) latency += random_.between(100, 1500) * kMicrosecondNs;
  return latency * faults_.slow_factor;
}

uint64_t SimDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [path, folder] : directories_) {
    for (const auto& [name, inode] : folder.entries) {
      if (inode) used += inode->content().size();
    }
  }
  return used;
}

}  // namespace grey::testkit
