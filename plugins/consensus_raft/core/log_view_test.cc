#include "core/log_view.h"

#include <gtest/gtest.h>

#include "core/testing/lone.h"

namespace grey::raft::testing {
namespace {

LogView log_of(std::vector<uint64_t> terms, uint64_t boundary = 0, uint64_t boundary_term = 0) {
  LogView log({Term(boundary_term), LogIndex(boundary)}, 0);
  for (const uint64_t term : terms) log.append(entry_of(term, log.last_index().value() + 1));
  return log;
}

TEST(LogViewTest, TermsOverTheBoundary) {
  const LogView log = log_of({2, 2, 5}, 10, 1);
  EXPECT_FALSE(log.term_at(LogIndex(9)));
  EXPECT_EQ(log.term_at(LogIndex(10)), Term(1));
  EXPECT_EQ(log.term_at(LogIndex(12)), Term(2));
  EXPECT_EQ(log.term_at(LogIndex(13)), Term(5));
  EXPECT_FALSE(log.term_at(LogIndex(14)));
  EXPECT_EQ(log.last(), at(5, 13));
}

TEST(LogViewTest, TruncateTakesBackStableAndTerms) {
  LogView log = log_of({1, 1, 2, 3});
  log.mark_stable(LogIndex(4));
  log.truncate(LogIndex(3));
  EXPECT_EQ(log.last(), at(1, 2));
  EXPECT_EQ(log.stable(), LogIndex(2));
  log.append(entry_of(4, 3));
  EXPECT_EQ(log.term_at(LogIndex(3)), Term(4));
  EXPECT_EQ(log.stable(), LogIndex(2));
}

TEST(LogViewTest, CompactKeepsTheBoundaryTerm) {
  LogView log = log_of({1, 2, 2, 3});
  log.mark_stable(LogIndex(4));
  log.compact(LogIndex(3));
  EXPECT_EQ(log.boundary(), at(2, 3));
  EXPECT_EQ(log.term_at(LogIndex(3)), Term(2));
  EXPECT_FALSE(log.term_at(LogIndex(2)));
  log.compact(LogIndex(4));
  EXPECT_EQ(log.last(), at(3, 4));
  EXPECT_EQ(log.boundary(), at(3, 4));
}

TEST(LogViewTest, MemoryGivesWayOnlyWhatIsStableAndAllowed) {
  LogView log = log_of({1, 1, 1, 1});
  log.trim_memory(LogIndex(4), 0);
  EXPECT_EQ(log.memory_first(), LogIndex(1));
  log.mark_stable(LogIndex(3));
  log.trim_memory(LogIndex(2), 0);
  EXPECT_EQ(log.memory_first(), LogIndex(3));
  EXPECT_FALSE(log.in_memory(LogIndex(2)));
  EXPECT_EQ(log.term_at(LogIndex(1)), Term(1));
  EXPECT_EQ(log.entry(LogIndex(3)).index, LogIndex(3));
}

TEST(LogViewTest, CopyStopsAtItsLimits) {
  const LogView log = log_of({1, 1, 1, 1});
  std::vector<Entry> out;
  log.copy(LogIndex(2), LogIndex(9), 1 << 20, 100, &out);
  EXPECT_EQ(out.size(), 3u);
  out.clear();
  log.copy(LogIndex(1), LogIndex(4), 1 << 20, 2, &out);
  EXPECT_EQ(out.size(), 2u);
  out.clear();
  log.copy(LogIndex(1), LogIndex(4), 1, 100, &out);  // one at least
  EXPECT_EQ(out.size(), 1u);
}

TEST(LogViewTest, PossibleMatchSkipsTerms) {
  const LogView log = log_of({1, 1, 1, 4, 4, 6});
  EXPECT_EQ(log.last_possible_match(at(6, 9)), at(6, 6));
  EXPECT_EQ(log.last_possible_match(at(5, 9)), at(4, 5));
  EXPECT_EQ(log.last_possible_match(at(5, 4)), at(4, 4));
  EXPECT_EQ(log.last_possible_match(at(3, 6)), at(1, 3));
  EXPECT_EQ(log.last_possible_match(at(0, 6)), at(0, 0));
}

}  // namespace
}  // namespace grey::raft::testing
