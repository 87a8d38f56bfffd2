#include "table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace greyctl {
namespace {

TEST(Table, AlignsColumnsAndShowsUnknownAsADash) {
  Table table({"ID", "STATE", "API"});
  table.add_row({"node-1", "active", "10.0.0.1:8080"});
  table.add_row({"n2", "", ""});
  std::ostringstream out;
  table.print(out, false);
  EXPECT_EQ(out.str(),
            "ID      STATE   API\n"
            "node-1  active  10.0.0.1:8080\n"
            "n2      -       -\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"K", "V"});
  table.add_row({"gr\xC3\xBCn", "1"});
  table.add_row({"blue", "2"});
  std::ostringstream out;
  table.print(out, false);
  EXPECT_EQ(out.str(), "K     V\ngr\xC3\xBCn  1\nblue  2\n");
}

TEST(Table, PrintsItsHeaderOnceAndKeepsWidthsOverPages) {
  Table table({"K", "V"});
  table.add_row({"wide-key", "1"});
  std::ostringstream out;
  table.print(out, false);
  table.add_row({"k", "2"});
  table.print(out, false);
  EXPECT_EQ(out.str(), "K         V\nwide-key  1\nk         2\n");
}

TEST(Table, PrintsItsHeaderWithoutRows) {
  Table table({"K", "V"});
  std::ostringstream out;
  table.print(out, false);
  EXPECT_EQ(out.str(), "K  V\n");
}

TEST(Table, ColoursOnlyWhenAskedTo) {
  Table table({"STATE", "X"});
  table.colour_states(0);
  table.add_row({"dead", "1"});
  std::ostringstream out;
  table.print(out, true);
  EXPECT_EQ(out.str(), "\x1b[1mSTATE\x1b[0m  \x1b[1mX\x1b[0m\n\x1b[31mdead\x1b[0m   1\n");
}

TEST(FieldList, AlignsValues) {
  FieldList list;
  list.add("State", "healthy", Style::good);
  list.add("Fault tolerance", "");
  std::ostringstream out;
  list.print(out, false);
  EXPECT_EQ(out.str(), "State:            healthy\nFault tolerance:  -\n");
}

}  // namespace
}  // namespace greyctl
