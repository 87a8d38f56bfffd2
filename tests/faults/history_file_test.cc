#include "history_file.h"

#include <gtest/gtest.h>

#include <sstream>

namespace grey::faults {
namespace {

std::string judge(const std::string& text) {
  std::istringstream in(text);
  Calls calls;
  std::string wrong = read_calls(in, &calls);
  bool undecided = false;
  for (const auto& [key, of_key] : calls) wrong += judge_key(key, of_key, &undecided);
  EXPECT_FALSE(undecided);
  return wrong;
}

TEST(HistoryFile, AcceptsWhatARegisterDoes) {
  EXPECT_EQ(judge("k 1 node-1 put done 1 0 10 20 1-1\n"
                  "k 2 node-2 get done 1 0 30 40 1-1\n"
                  "k 2 node-2 put_if done 2 1 50 60 1-2\n"
                  "k 1 node-1 put_if mismatch 3 1 70 80 -\n"
                  "other 1 node-1 get done 0 0 70 80 -\n"
                  "k 1 node-1 remove done 0 0 90 100 -\n"
                  "k 1 node-1 remove mismatch 0 0 110 120 -\n"
                  "k 1 node-1 put unknown 4 0 130 - -\n"
                  "k 1 node-1 get done 4 0 140 150 1-3\n"),
            "");
}

TEST(HistoryFile, RejectsWhatARegisterDoesNotDo) {
  const std::string stale = judge(
      "k 1 node-1 put done 1 0 10 20 1-1\n"
      "k 1 node-1 put done 2 0 30 40 1-2\n"
      "k 2 node-2 get done 1 0 50 60 1-1\n");
  EXPECT_NE(stale.find("k: not linearizable"), std::string::npos) << stale;
  EXPECT_NE(stale.find("client 2 get 1, done at node-2"), std::string::npos) << stale;
  EXPECT_NE(judge("k 1 node-1 put done 1 0 10 20 1-1\nk 1 node-1 get done 0 0 30 40 -\n"), "");
  EXPECT_NE(judge("k 1 node-1 get done 7 0 30 40 1-1\n"), "");
}

TEST(HistoryFile, RejectsAWriteThatTookEffectTwice) {
  EXPECT_NE(judge("k 1 node-1 put done 1 0 10 20 1-1\nk 1 node-1 get done 1 0 30 40 1-2\n"), "");
  EXPECT_NE(judge("k 1 node-1 put done 1 0 10 20 1-1\nk 1 node-1 put done 2 0 30 40 1-1\n"), "");
}

TEST(HistoryFile, RefusesLinesThatAreNoCalls) {
  for (const char* line :
       {"k 1 node-1 put done 1 0 10 20", "k 1 node-1 put done 1 0 10 20 1-1 more",
        "k 1 node-1 swap done 1 0 10 20 1-1", "k 1 node-1 put perhaps 1 0 10 20 1-1",
        "k 1 node-1 put done x 0 10 20 1-1", "k 1 node-1 put done 1 0 10 - 1-1",
        "k 1 node-1 put unknown 1 0 10 20 1-1", "k 1 node-1 put done 1 0 20 10 1-1", ""}) {
    std::istringstream in(std::string(line) + "\n");
    Calls calls;
    EXPECT_NE(read_calls(in, &calls), "") << line;
  }
}

}  // namespace
}  // namespace grey::faults
