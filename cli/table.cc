#include "table.h"

#include <algorithm>
#include <cassert>

#include "encoding.h"

namespace greyctl {
namespace {

constexpr size_t kGap = 2;

const char* code_of(Style style) {
  switch (style) {
    case Style::bold:
      return "\x1b[1m";
    case Style::good:
      return "\x1b[32m";
    case Style::warning:
      return "\x1b[33m";
    case Style::bad:
      return "\x1b[31m";
    case Style::plain:
      break;
  }
  return "";
}

}  // namespace

std::string styled(const std::string& text, Style style, bool colour) {
  if (!colour || style == Style::plain) return text;
  return code_of(style) + text + "\x1b[0m";
}

Style style_of_state(const std::string& state) {
  for (const char* good : {"healthy", "alive", "active", "replicate"}) {
    if (state == good) return Style::good;
  }
  for (const char* warning : {"degraded", "suspect", "joining", "draining", "probe", "snapshot"}) {
    if (state == warning) return Style::warning;
  }
  for (const char* bad : {"read_only", "unavailable", "dead", "failed"}) {
    if (state == bad) return Style::bad;
  }
  return Style::plain;
}

void Table::add_row(std::vector<std::string> cells) {
  assert(cells.size() == header_.size());
  for (std::string& cell : cells) {
    if (cell.empty()) cell.assign(1, '-');
  }
  rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out, bool colour) {
  widths_.resize(header_.size(), 0);
  for (size_t i = 0; i < header_.size(); ++i) {
    widths_[i] = std::max(widths_[i], display_width(header_[i]));
    for (const auto& row : rows_) widths_[i] = std::max(widths_[i], display_width(row[i]));
  }
  if (!header_printed_) print_row(out, header_, true, colour);
  header_printed_ = true;
  for (const auto& row : rows_) print_row(out, row, false, colour);
  rows_.clear();
}

void Table::print_row(std::ostream& out, const std::vector<std::string>& cells, bool is_header,
                      bool colour) const {
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool is_state =
        std::find(state_columns_.begin(), state_columns_.end(), i) != state_columns_.end();
    const Style style = is_header  ? Style::bold
                        : is_state ? style_of_state(cells[i])
                                   : Style::plain;
    out << styled(cells[i], style, colour);
    if (i + 1 < cells.size()) {
      out << std::string(widths_[i] - display_width(cells[i]) + kGap, ' ');
    }
  }
  out << '\n';
}

void FieldList::add(std::string name, std::string value, Style style) {
  fields_.push_back({std::move(name), value.empty() ? "-" : std::move(value), style});
}

void FieldList::print(std::ostream& out, bool colour) const {
  size_t width = 0;
  for (const Field& field : fields_) width = std::max(width, display_width(field.name));
  for (const Field& field : fields_) {
    out << styled(field.name + ":", Style::bold, colour)
        << std::string(width - display_width(field.name) + kGap, ' ')
        << styled(field.value, field.style, colour) << '\n';
  }
}

}  // namespace greyctl
