#ifndef GREY_KERNEL_CONFIG_SUGGESTION_H_
#define GREY_KERNEL_CONFIG_SUGGESTION_H_

#include <span>
#include <string>
#include <string_view>

namespace greyd {

// Number of single-character insertions, deletions, replacements and swaps of neighbours that turn
// one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `written`, or an empty text where none is near enough to be meant: more
// than a third of its characters (at least one) would have to change. Case does not count.
std::string nearest(std::string_view written, std::span<const std::string> candidates);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_SUGGESTION_H_
