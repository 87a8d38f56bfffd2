#include "host/os_status.h"

#include <cerrno>

namespace greyd {
namespace {

grey::StatusCode code_of_errno(int error) {
  using grey::StatusCode;
  switch (error) {
    case ENOENT:
      return StatusCode::not_found;
    case EEXIST:
    case EADDRINUSE:
      return StatusCode::already_exists;
    case ENOSPC:
    case EDQUOT:
      return StatusCode::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::permission_denied;
    case EINVAL:
    case ENAMETOOLONG:
      return StatusCode::invalid_argument;
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case EADDRNOTAVAIL:
      return StatusCode::failed_precondition;
    case ECONNREFUSED:
      return StatusCode::refused;
    case ETIMEDOUT:
      return StatusCode::timed_out;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
      return StatusCode::unreachable;
    default:
      return StatusCode::io_error;
  }
}

}  // namespace

grey::Status status_of_errno(int error, const char* text) {
  return grey::make_status(code_of_errno(error), text, error);
}

}  // namespace greyd
