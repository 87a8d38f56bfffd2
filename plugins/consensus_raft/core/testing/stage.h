// Some cores, the messages between them and their disks, moved by the lines of a scenario: nothing
// happens unless a line says so. The language is described in scenarios/README.md.
#ifndef GREY_RAFT_CORE_TESTING_STAGE_H_
#define GREY_RAFT_CORE_TESTING_STAGE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/raft.h"
#include "core/testing/judge.h"

namespace grey::raft::testing {

class Stage {
 public:
  // Carries out one line and returns what came of it, a line of text each. A line that says nothing
  // is answered with "ok"; what cannot be understood is answered with "?".
  std::string run(const std::string& line);

 private:
  struct Actor {
    std::unique_ptr<Raft> core;  // null while it is down
    Now now{10'000'000'000, 1'000};
    HardState hard_state;
    SnapshotMeta boundary;
    std::vector<Entry> log;  // durable
    uint64_t lives = 0;
  };
  struct Letter {
    Message message;
    std::optional<SnapshotMeta> snapshot;  // that comes with a SnapshotOffer
  };
  using Words = std::istringstream;

  // --- Commands.
  void nodes(Words& words);
  void log(Words& words);
  void campaign(Words& words);
  void silence(Words& words);
  void beat(Words& words);
  void deliver(Words& words);
  void drop(Words& words);
  void cut(Words& words);
  void mend(Words& words);
  void propose(Words& words);
  void read(Words& words);
  void change(Words& words);
  void transfer(Words& words);
  void crash(Words& words);
  void restart(Words& words);
  void compact(Words& words);
  void show(Words& words);

  // --- What they are made of.
  Actor& actor(ReplicaId id) { return actors_.at(id); }
  bool understood(bool good);
  ReplicaId id_of(Words& words);
  ReplicaId living_of(Words& words);
  std::optional<std::pair<ReplicaId, ReplicaId>> link_of(const std::string& text) const;
  void start(ReplicaId id);
  void pass(ReplicaId id, uint64_t ns);
  void collect(ReplicaId id);
  void carry_out(ReplicaId id, Effects& out);
  void write(Actor& writer, const Effects& out);
  void apply(ReplicaId id, ApplyRange range);
  void fetch(ReplicaId id, const EntryFetch& wanted);
  void offer(ReplicaId id, ReplicaId peer);
  void hand_over(Letter letter);
  const Entry& entry_of(const Actor& owner, LogIndex index) const;
  std::string name_of(const Entry& entry) const;
  void say(const std::string& text) { said_ += text + "\n"; }
  void say(ReplicaId id, const std::string& text) { say(std::to_string(id.value()) + text); }
  void answer(const Status& status);

  std::map<ReplicaId, Actor> actors_;
  std::deque<Letter> letters_;
  std::set<std::pair<ReplicaId, ReplicaId>> cut_;
  std::map<uint64_t, std::string> names_;  // of proposals, by id
  uint64_t next_id_ = 1;
  uint64_t entries_a_message_ = 4096;
  Judge judge_;
  std::string said_;
};

}  // namespace grey::raft::testing

#endif  // GREY_RAFT_CORE_TESTING_STAGE_H_
