#include "label_text.h"

#include <gtest/gtest.h>

namespace grey::prometheus {
namespace {

using Label = ::prometheus::ClientMetric::Label;
using Labels = std::vector<Label>;

TEST(LabelText, ReadsListsInTheirOrder) {
  EXPECT_EQ(parse_labels(""), Labels{});
  EXPECT_EQ(parse_labels("group=\"7\""), (Labels{{"group", "7"}}));
  EXPECT_EQ(parse_labels("op=\"put\",group=\"\",a_1=\"x,y=z\""),
            (Labels{{"op", "put"}, {"group", ""}, {"a_1", "x,y=z"}}));
}

TEST(LabelText, UndoesEscapes) {
  EXPECT_EQ(parse_labels("a=\"q\\\"b\\\\n\\n\""), (Labels{{"a", "q\"b\\n\n"}}));
}

TEST(LabelText, KeepsWhatIsNoListAsOneLabel) {
  for (const char* text : {"a", "a=", "a=1", "a=\"1", "a=\"1\"b=\"2\"", "1a=\"1\"", "=\"1\"",
                           "a=\"1\\", ",a=\"1\"", "a=\"1\", b=\"2\""}) {
    EXPECT_EQ(parse_labels(text), (Labels{{"labels", text}})) << text;
  }
}

}  // namespace
}  // namespace grey::prometheus
