// Random faults against a whole group: the judge must have nothing to say, and after healing the
// group must work again.
#include "core/testing/network.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace grey::raft::testing {
namespace {

Faults all_faults() {
  return {.lose = 30,
          .duplicate = 30,
          .delay = 50,
          .crash = 10,
          .partition = 10,
          .compact = 20,
          .membership = 0,
          .transfer = 3};
}

// Sleeps whenever it may, so that faults meet it in every stage of that.
RaftOptions sleepy() {
  RaftOptions options;
  options.quiesce_after_ns = 50'000'000;
  options.gone_step_ns = 30'000'000;
  options.gone_jitter_ns = 10'000'000;
  return options;
}

// A safety phase under faults, then a liveness phase without.
void run_seed(const NetworkOptions& options, Network* network) {
  Random clients(options.seed ^ 0xc11e);
  const auto work = [&] {
    if (clients.below(2) == 0) network->propose();
    const auto reader = ReplicaId(1 + clients.below(network->ids().size()));
    if (clients.below(4) == 0 && network->up(reader)) network->read_at(reader);
    // A client may well ask a leader that is one no more.
    const auto anybody = ReplicaId(1 + clients.below(network->ids().size()));
    if (clients.below(4) == 0 && network->up(anybody)) network->propose_at(anybody);
  };
  for (int i = 0; i < 1500 && network->judge().verdict().empty(); ++i) {
    work();
    network->step();
  }
  ASSERT_EQ(network->judge().verdict(), "") << "seed " << options.seed;
  network->heal();
  const LogIndex before = network->judge().committed();
  ASSERT_TRUE(network->run_until(
      [&] {
        network->propose();
        return !network->judge().verdict().empty() || network->judge().committed() >= before + 5;
      },
      3000))
      << "no progress after healing, seed " << options.seed;
  ASSERT_EQ(network->judge().verdict(), "") << "seed " << options.seed;
  network->run(300);
  ASSERT_EQ(network->judge().verdict(), "") << "seed " << options.seed;
  const ReplicaId leader = network->leader();
  ASSERT_NE(leader, kNobody) << "seed " << options.seed;
  for (const ReplicaId id : network->core(leader).configurations().latest().members()) {
    ASSERT_EQ(network->core(id).applied_index(), network->core(leader).applied_index())
        << "seed " << options.seed << " replica " << id.value();
    if (network->core(id).quiesced()) continue;  // its age grows
    ASSERT_GT(network->core(id).current_at_ns() + 1'000'000'000, network->now_ns())
        << "seed " << options.seed << " replica " << id.value();
  }
  const Configuration& now = network->core(leader).configurations().latest();
  ASSERT_FALSE(now.joint()) << "seed " << options.seed;
  for (const ReplicaId id : network->ids()) {
    if (!now.tombstone(id)) continue;
    const std::vector<ReplicaId> known = network->core(id).configurations().latest().members();
    const bool can_ask = std::any_of(known.begin(), known.end(),
                                     [&now](ReplicaId one) { return now.contains(one); });
    ASSERT_TRUE(network->core(id).removed() || !can_ask)
        << "seed " << options.seed << " replica " << id.value();
  }
  // One that was removed and can ask nobody never learns what became of its proposals.
  if (options.faults.membership != 0) return;
  ASSERT_EQ(network->judge().open_proposals(), 0u) << "seed " << options.seed;
}

TEST(NetworkTest, ThreeReplicasUnderFaults) {
  uint64_t reads = 0;
  uint64_t lost = 0;
  uint64_t committed = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    NetworkOptions options{
        .seed = seed, .voters = 3, .spares = 0, .faults = all_faults(), .raft = {}};
    Network network(options);
    run_seed(options, &network);
    if (HasFatalFailure()) return;
    reads += network.judge().reads_served();
    lost += network.judge().proposals_lost();
    committed += network.judge().proposals_committed();
  }
  // The runs mean something only if things happened in them.
  EXPECT_GT(reads, 1000u);
  EXPECT_GT(lost, 10u);
  EXPECT_GT(committed, 10000u);
}

TEST(NetworkTest, FiveReplicasUnderFaults) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    NetworkOptions options{
        .seed = seed, .voters = 5, .spares = 0, .faults = all_faults(), .raft = {}};
    Network network(options);
    run_seed(options, &network);
    if (HasFatalFailure()) return;
  }
}

TEST(NetworkTest, MembershipChangesUnderFaults) {
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    NetworkOptions options{
        .seed = seed, .voters = 3, .spares = 3, .faults = all_faults(), .raft = {}};
    options.faults.membership = 10;
    Network network(options);
    run_seed(options, &network);
    if (HasFatalFailure()) return;
  }
}

// Clients pause, so that the group falls asleep again and again.
TEST(NetworkTest, SleepersUnderFaults) {
  uint64_t slept = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    NetworkOptions options{.seed = seed,
                           .voters = seed % 3 == 0 ? 5u : 3u,
                           .spares = seed % 2 == 0 ? 2u : 0u,
                           .faults = all_faults(),
                           .raft = sleepy()};
    if (options.spares != 0) options.faults.membership = 3;
    if (seed % 4 < 2) options.faults.lose = options.faults.delay = 0;
    Network network(options);
    for (int round = 0; round < 30 && network.judge().verdict().empty(); ++round) {
      network.propose();
      network.run(100);
      for (const ReplicaId id : network.ids()) {
        if (network.up(id) && network.core(id).quiesced()) ++slept;
      }
    }
    run_seed(options, &network);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(slept, 400u);
}

TEST(NetworkTest, SameSeedSameRun) {
  const auto run = [](uint64_t seed) {
    NetworkOptions options{
        .seed = seed, .voters = 3, .spares = 2, .faults = all_faults(), .raft = {}};
    options.faults.membership = 10;
    Network network(options);
    run_seed(options, &network);
    return network.fingerprint();
  };
  EXPECT_EQ(run(11), run(11));
  EXPECT_NE(run(11), run(12));
}

TEST(NetworkTest, RaisedQuorumsAndNarrowWindowsUnderFaults) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    NetworkOptions options{
        .seed = seed, .voters = 3, .spares = 0, .faults = all_faults(), .raft = {}};
    options.raft.write_quorum = seed % 2 == 0 ? 3 : 0;
    options.raft.read_quorum = seed % 4 == 0 ? 3 : 0;
    options.raft.max_inflight_messages = 2;
    Network network(options);
    run_seed(options, &network);
    if (HasFatalFailure()) return;
  }
}

// Figure 8 of the paper, played on a network. The verdict of the judge.
std::string play_figure_8(uint64_t seed, bool commit_any_term) {
  NetworkOptions options{.seed = seed, .voters = 5, .spares = 0, .faults = {}, .raft = {}};
  options.raft.testing_commit_any_term = commit_any_term;
  // One entry a message, so that the old entry can spread without the new leader's no-op.
  options.raft.max_append_entries = 1;
  options.raft.max_inflight_messages = 1;
  Network network(options);
  const auto cut_between = [&](std::vector<ReplicaId> some, std::vector<ReplicaId> others) {
    for (const ReplicaId a : some) {
      for (const ReplicaId b : others) {
        if (a == b) continue;
        network.cut(a, b);
        network.cut(b, a);
      }
    }
  };
  network.run_until([&] { return network.leader() != kNobody; }, 1000);
  network.run(100);
  // (a) The first leader brings an entry to one other only.
  const ReplicaId first = network.leader();
  std::vector<ReplicaId> rest = network.ids();
  std::erase(rest, first);
  const ReplicaId partner = rest.back();
  rest.pop_back();
  cut_between({first, partner}, rest);
  network.propose_at(first);
  const LogIndex contested = network.core(first).log().last_index();
  network.run(10);
  // (b) Another one is elected by the rest, and its own entry reaches nobody.
  const auto second_leads = [&] {
    return std::find(rest.begin(), rest.end(), network.leader()) != rest.end();
  };
  if (!network.run_until(second_leads, 2000)) return "no second leader";
  const ReplicaId second = network.leader();
  network.isolate(second);
  network.run(20);
  network.crash(second);
  std::erase(rest, second);
  // (c) A holder of the first entry leads again and spreads it. Under the rule it is committed only
  // along with the leader's no-op, which locks the second leader out.
  network.mend_all();
  const auto spread = [&] { return network.judge().committed() >= contested; };
  if (!network.run_until(spread, 2000)) return "the entry did not spread";
  network.crash(network.leader());
  // (d) Only the second leader can reach the others now.
  network.mend_all();
  network.restart(second);
  std::vector<ReplicaId> others = network.ids();
  std::erase(others, second);
  cut_between(others, others);
  network.run(1500);
  return network.judge().verdict();
}

// The checkers must notice a broken rule.
TEST(NetworkTest, JudgeCatchesCommitsOfOlderTerms) {
  uint32_t caught = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    ASSERT_EQ(play_figure_8(seed, false), "") << "seed " << seed;
    const std::string verdict = play_figure_8(seed, true);
    if (verdict.find("leader completeness") != std::string::npos) ++caught;
  }
  EXPECT_GT(caught, 5u);
  RecordProperty("caught", static_cast<int>(caught));
}

}  // namespace
}  // namespace grey::raft::testing
