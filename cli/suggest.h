// "Did you mean": the nearest known word to a mistyped one.
#ifndef GREY_CLI_SUGGEST_H_
#define GREY_CLI_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace greyctl {

// The number of insertions, deletions, substitutions and swaps of neighbours between two words.
size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known` to `word`, or an empty string when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// `; did you mean 'X'?` with the nearest word, or nothing. To be put at the end of a sentence.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace greyctl

#endif  // GREY_CLI_SUGGEST_H_
