#ifndef GREY_KERNEL_PLUGIN_FILE_TRUST_H_
#define GREY_KERNEL_PLUGIN_FILE_TRUST_H_

#include <sys/stat.h>

#include <string>

namespace greyd {

// Whether code may be loaded from a file or a folder of this ownership and mode by a process of
// user `uid`: it belongs to root or that user, and nobody else may write to it. A folder of root's
// that others may write to passes if it is sticky, since then they cannot exchange what is not
// theirs. Empty, or what is wrong and the remedy, to be put behind the name.
std::string trust_problem(const struct stat& what, uid_t uid);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_FILE_TRUST_H_
