#include "plugin/file_trust.h"

#include <cstdio>

namespace greyd {

std::string trust_problem(const struct stat& what, uid_t uid) {
  const bool folder = S_ISDIR(what.st_mode);
  if (what.st_uid != 0 && what.st_uid != uid) {
    return "belongs to user " + std::to_string(what.st_uid) +
           ", and only root and the user who runs greyd (" + std::to_string(uid) +
           ") are trusted: change its owner with chown";
  }
  if ((what.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  if (folder && what.st_uid == 0 && (what.st_mode & S_ISVTX) != 0) return {};
  char mode[8];
  std::snprintf(mode, sizeof(mode), "%04o", static_cast<unsigned>(what.st_mode & 07777));
  return std::string("may be written to by others (mode ") + mode +
         "): take that right away with chmod go-w";
}

}  // namespace greyd
