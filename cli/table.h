// Output for people: aligned columns and `Name: value` lists, coloured only when asked to.
#ifndef GREY_CLI_TABLE_H_
#define GREY_CLI_TABLE_H_

#include <ostream>
#include <string>
#include <vector>

namespace greyctl {

enum class Style { plain, bold, good, warning, bad };

// The text between the terminal's codes for the style, or as it is when colour is off.
std::string styled(const std::string& text, Style style, bool colour);

// The style that fits a state such as healthy, suspect or unavailable; plain for any other word.
Style style_of_state(const std::string& state);

// Rows under a header. Columns are padded to their widest cell; the last one is not padded.
// Cells must hold no line breaks or control characters.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // `cells` must have as many entries as the header. An empty cell is printed as `-`.
  void add_row(std::vector<std::string> cells);

  // Colours the cells of this column by style_of_state().
  void colour_states(size_t column) { state_columns_.push_back(column); }

  // Prints the rows added since the last call, under the header the first time. Later calls keep
  // columns at least as wide as before, so that pages of one listing stay aligned.
  void print(std::ostream& out, bool colour);

 private:
  void print_row(std::ostream& out, const std::vector<std::string>& cells, bool is_header,
                 bool colour) const;

  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
  std::vector<size_t> state_columns_;
  bool header_printed_ = false;
};

// `Name:  value` lines with the values aligned. An empty value is printed as `-`.
class FieldList {
 public:
  void add(std::string name, std::string value, Style style = Style::plain);
  void print(std::ostream& out, bool colour) const;

 private:
  struct Field {
    std::string name;
    std::string value;
    Style style;
  };
  std::vector<Field> fields_;
};

}  // namespace greyctl

#endif  // GREY_CLI_TABLE_H_
