// Whole clusters, over many seeds.
#include <gtest/gtest.h>

#include "simulated_cluster.h"

namespace grey::swim {
namespace {

class SwimCluster : public testing::TestWithParam<uint64_t> {
 protected:
  static SimulatedCluster converged(int size, uint64_t seed) {
    SimulatedCluster cluster(size, seed);
    cluster.introduce_all_to(0);
    EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 10'000));
    return cluster;
  }
  // A silent member is probed within two rounds, suspected a period later, and dead at the latest
  // after the longest suspicion; then the news needs a moment.
  static uint64_t death_bound_ms(const SimulatedCluster& cluster) {
    const auto n = static_cast<uint32_t>(cluster.size());
    const SuspicionBounds bounds =
        suspicion_bounds(n, cluster.options.probe_interval_ns, cluster.options.suspicion_multiplier,
                         cluster.options.suspicion_max_multiplier);
    return (2 * n + 2) * 500 + bounds.max_ns / kMillisecondNs + 2'000;
  }
};

TEST_P(SwimCluster, AllFindOneAnotherThroughOneSeed) {
  for (const int size : {2, 3, 8, 25}) {
    SimulatedCluster cluster = converged(size, GetParam());
    EXPECT_LE(cluster.largest, kMaxDatagramBytes);
  }
}

TEST_P(SwimCluster, NobodyIsSuspectedWhileAllIsWell) {
  SimulatedCluster cluster = converged(8, GetParam());
  cluster.on_transition = [](int, const Transition& transition) {
    ADD_FAILURE() << transition.node_id;
  };
  cluster.run_ms(120'000);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(cluster.core(i).health_score(), 0);
}

TEST_P(SwimCluster, ASilentMemberIsSuspectThenDeadForAllWithinTheBound) {
  for (const int size : {2, 3, 8}) {
    SimulatedCluster cluster = converged(size, GetParam());
    std::map<int, std::vector<State>> seen;
    cluster.on_transition = [&](int who, const Transition& transition) {
      EXPECT_EQ(transition.node_id, SimulatedCluster::name(1));
      seen[who].push_back(transition.after);
    };
    cluster.kill(1);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.all_believe(1, State::dead); },
                                  death_bound_ms(cluster)))
        << size;
    for (int i = 0; i < size; ++i) {
      if (i == 1) continue;
      EXPECT_EQ(seen[i], (std::vector<State>{State::suspect, State::dead})) << i;
    }
  }
}

TEST_P(SwimCluster, LossAloneKillsNobody) {
  SimulatedCluster cluster = converged(8, GetParam());
  cluster.loss_percent = 15;
  cluster.on_transition = [](int who, const Transition& transition) {
    EXPECT_NE(transition.after, State::dead) << who << " about " << transition.node_id;
  };
  cluster.run_ms(120'000);
  cluster.loss_percent = 0;
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 10'000));
}

TEST_P(SwimCluster, APausedMemberIsSuspectedRefutesAndAccusesNobody) {
  SimulatedCluster cluster = converged(5, GetParam());
  cluster.on_transition = [](int who, const Transition& transition) {
    EXPECT_EQ(transition.node_id, SimulatedCluster::name(2)) << "believed by " << who;
    EXPECT_NE(transition.after, State::dead) << "believed by " << who;
  };
  cluster.pause(2);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.belief(0, 2) == State::suspect; }, 6'000));
  cluster.run_ms(300);
  cluster.resume(2);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 10'000));
  EXPECT_GE(cluster.core(2).counters().refutations, 1u);
  cluster.run_ms(30'000);
  EXPECT_TRUE(cluster.all_alive());
}

TEST_P(SwimCluster, OneThatWasPausedForLongComesBackFromTheDead) {
  SimulatedCluster cluster = converged(5, GetParam());
  cluster.pause(2);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_believe(2, State::dead); },
                                death_bound_ms(cluster)));
  cluster.run_ms(60'000);
  cluster.on_transition = [](int who, const Transition& transition) {
    EXPECT_TRUE(who != 2 || transition.after == State::alive) << transition.node_id;
  };
  cluster.resume(2);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 15'000));
}

TEST_P(SwimCluster, APartitionHealsWithoutHelp) {
  SimulatedCluster cluster = converged(6, GetParam());
  cluster.cut = [](int from, int to) { return (from < 2) != (to < 2); };
  ASSERT_TRUE(cluster.run_until(
      [&] {
        for (int i = 0; i < 6; ++i) {
          for (int j = 0; j < 6; ++j) {
            if (cluster.belief(i, j) != ((i < 2) == (j < 2) ? State::alive : State::dead)) {
              return false;
            }
          }
        }
        return true;
      },
      60'000));
  cluster.cut = [](int, int) { return false; };
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 30'000));
}

TEST_P(SwimCluster, OneThatHearsNothingDoubtsItselfAndHarmsNobody) {
  SimulatedCluster cluster = converged(5, GetParam());
  // It accuses the others, who hear of it and refute.
  cluster.on_transition = [](int who, const Transition& transition) {
    EXPECT_TRUE(who == 4 || transition.after != State::dead ||
                transition.node_id == SimulatedCluster::name(4))
        << who << " about " << transition.node_id;
  };
  cluster.cut = [](int, int to) { return to == 4; };
  ASSERT_TRUE(cluster.run_until([&] { return cluster.core(4).health_score() >= 4; }, 20'000));
  // The others hear its pings; it cannot refute, since it does not hear what it is told.
  ASSERT_TRUE(cluster.run_until([&] { return cluster.all_believe(4, State::dead); }, 60'000));
  cluster.cut = [](int, int) { return false; };
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_alive(); }, 60'000));
}

TEST_P(SwimCluster, ABrokenPathBetweenTwoIsBridgedByTheOthers) {
  SimulatedCluster cluster = converged(5, GetParam());
  cluster.cut = [](int from, int to) { return (from == 0 && to == 1) || (from == 1 && to == 0); };
  cluster.on_transition = [](int who, const Transition& transition) {
    ADD_FAILURE() << who << " about " << transition.node_id;
  };
  cluster.run_ms(60'000);
}

TEST_P(SwimCluster, ALeavingMemberIsGoneAtOnceAndSuspectForNobody) {
  SimulatedCluster cluster = converged(8, GetParam());
  cluster.on_transition = [](int, const Transition& transition) {
    EXPECT_EQ(transition.node_id, SimulatedCluster::name(3));
    EXPECT_EQ(transition.after, State::left);
  };
  cluster.core(3).leave(cluster.now_ns);
  cluster.introduce(3, 0);  // hands on what leave() produced; itself without effect
  cluster.kill(3);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.all_believe(3, State::left); }, 1'000));
  cluster.run_ms(60'000);
}

TEST_P(SwimCluster, ARestartedMemberReplacesItsOldSelfEvenIfItsClockRanBack) {
  for (const uint64_t incarnation : {uint64_t{5'000}, uint64_t{1}}) {
    SimulatedCluster cluster = converged(4, GetParam());
    cluster.boot(1, incarnation);
    const std::string name = SimulatedCluster::name(1);
    const auto nonce = [&](int who) { return cluster.core(who).members().at(name).boot_nonce; };
    cluster.introduce(1, 0);
    EXPECT_TRUE(cluster.run_until(
        [&] {
          return cluster.all_alive() && nonce(0) == nonce(1) && nonce(2) == nonce(1) &&
                 nonce(3) == nonce(1);
        },
        20'000))
        << incarnation;
  }
}

TEST_P(SwimCluster, WhereUdpIsBlockedTcpKeepsMembersAlive) {
  for (const bool streams_work : {true, false}) {
    SimulatedCluster cluster(4, GetParam());
    cluster.loss_percent = 100;
    cluster.streams_work = streams_work;
    bool one_died = false;
    cluster.on_transition = [&](int, const Transition& transition) {
      one_died = one_died || transition.after == State::dead;
    };
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        if (i != j) cluster.introduce(i, j);
      }
    }
    cluster.run_ms(30'000);
    EXPECT_EQ(one_died, !streams_work);
    EXPECT_EQ(cluster.core(0).counters().stream_acks > 0, streams_work);
  }
}

TEST_P(SwimCluster, TheSameSeedGivesTheSameBytes) {
  const auto run = [&] {
    SimulatedCluster cluster(6, GetParam());
    cluster.introduce_all_to(2);
    cluster.loss_percent = 10;
    cluster.run_ms(20'000);
    return cluster.trace + "/" + std::to_string(cluster.sent);
  };
  EXPECT_EQ(run(), run());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SwimCluster, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace grey::swim
