// Where in the configuration an error comes from.
#ifndef GREY_KERNEL_DAEMON_ERROR_PLACE_H_
#define GREY_KERNEL_DAEMON_ERROR_PLACE_H_

#include <string>

#include "config/config.h"

namespace greyd {

// `error`, and behind it the key of the address that it is about, if it is about one of ours and
// does not name the key itself.
std::string with_config_key(const std::string& error, const Config& config);

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_ERROR_PLACE_H_
