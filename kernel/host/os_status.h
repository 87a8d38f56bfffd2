// Turns errno into a Status.
#ifndef GREY_KERNEL_HOST_OS_STATUS_H_
#define GREY_KERNEL_HOST_OS_STATUS_H_

#include "grey/status.h"

namespace greyd {

// `text` is a literal that says what was tried. Codes for files: ENOENT not_found, EEXIST
// already_exists, ENOSPC and EDQUOT no_space, EACCES, EPERM and EROFS permission_denied, EINVAL
// and ENAMETOOLONG invalid_argument, EISDIR, ENOTDIR and ENOTEMPTY failed_precondition. For
// sockets: ECONNREFUSED refused, ETIMEDOUT timed_out, no route or network unreachable, EADDRINUSE
// already_exists, EADDRNOTAVAIL failed_precondition. All else is io_error.
grey::Status status_of_errno(int error, const char* text);

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_OS_STATUS_H_
