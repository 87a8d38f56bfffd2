#include "core/testing/stage.h"

#include <algorithm>

#include "grey/glue/status.h"

namespace grey::raft::testing {
namespace {

constexpr uint64_t kTimeoutNs = 1'000'000'000;
constexpr uint64_t kHeartbeatNs = 150'000'000;
constexpr uint64_t kCacheBytes = 1 << 20;
constexpr int kManyLetters = 10'000;

std::string text(uint64_t number) {
  return std::to_string(number);
}

std::string text(const std::vector<ReplicaId>& ids) {
  std::string all;
  for (const ReplicaId id : ids) all += (all.empty() ? "" : " ") + text(id.value());
  return "{" + all + "}";
}

std::string text(const Configuration& configuration) {
  std::string all = text(configuration.voters);
  if (configuration.joint()) all += " and " + text(configuration.outgoing);
  if (!configuration.learners.empty()) all += ", learners " + text(configuration.learners);
  return all;
}

std::string role_text(const RoleChange& change) {
  const std::string term = " term " + text(change.term.value());
  switch (change.role) {
    case Role::leader:
      return " leads" + term;
    case Role::candidate:
      return " is a candidate in" + term;
    case Role::pre_candidate:
      return " asks for pre-votes in" + term;
    case Role::follower:
      break;
  }
  if (change.leader == kNobody) return " follows nobody in" + term;
  return " follows " + text(change.leader.value()) + " in" + term;
}

const char* outcome_text(ProposalOutcome outcome) {
  switch (outcome) {
    case ProposalOutcome::committed:
      return " is committed";
    case ProposalOutcome::lost:
      return " is lost";
    case ProposalOutcome::unknown:
      return ": nobody here can say what became of it";
  }
  return "";
}

}  // namespace

std::string Stage::run(const std::string& line) {
  using Command = void (Stage::*)(Words&);
  static const std::map<std::string, Command> commands = {
      {"nodes", &Stage::nodes},       {"log", &Stage::log},        {"campaign", &Stage::campaign},
      {"silence", &Stage::silence},   {"heartbeat", &Stage::beat}, {"deliver", &Stage::deliver},
      {"drop", &Stage::drop},         {"cut", &Stage::cut},        {"mend", &Stage::mend},
      {"propose", &Stage::propose},   {"read", &Stage::read},      {"change", &Stage::change},
      {"transfer", &Stage::transfer}, {"crash", &Stage::crash},    {"restart", &Stage::restart},
      {"compact", &Stage::compact},   {"show", &Stage::show}};
  said_.clear();
  Words words(line);
  std::string name;
  words >> name;
  const auto command = commands.find(name);
  if (understood(command != commands.end())) (this->*command->second)(words);
  if (!judge_.verdict().empty()) say("BROKEN: " + judge_.verdict());
  if (said_.empty()) say("ok");
  return said_;
}

bool Stage::understood(bool good) {
  if (!good) say("?");
  return good;
}

ReplicaId Stage::id_of(Words& words) {
  uint64_t id = 0;
  words >> id;
  const bool known = actors_.count(ReplicaId(id)) != 0;
  return understood(known) ? ReplicaId(id) : kNobody;
}

// The same, of one that runs.
ReplicaId Stage::living_of(Words& words) {
  const ReplicaId id = id_of(words);
  return id != kNobody && understood(actor(id).core != nullptr) ? id : kNobody;
}

// "1->2"
std::optional<std::pair<ReplicaId, ReplicaId>> Stage::link_of(const std::string& text) const {
  uint64_t from = 0;
  uint64_t to = 0;
  char dash = 0;
  char tip = 0;
  Words words(text);
  words >> from >> dash >> tip >> to;
  if (!words || dash != '-' || tip != '>') return std::nullopt;
  return std::pair(ReplicaId(from), ReplicaId(to));
}

// --- The cast.

void Stage::nodes(Words& words) {
  uint64_t voters = 0;
  uint64_t spares = 0;
  std::string word;
  words >> voters;
  while (words >> word) {
    if (word == "plus") words >> spares;
    if (word == "with") words >> entries_a_message_;
  }
  Configuration first;
  for (uint64_t i = 1; i <= voters; ++i) first.voters.push_back(ReplicaId(i));
  for (uint64_t i = 1; i <= voters + spares; ++i) {
    if (i <= voters) actors_[ReplicaId(i)].boundary.configuration = first;
    start(ReplicaId(i));
  }
  said_.clear();
}

// log 2: 1 1 4, in term 4
void Stage::log(Words& words) {
  uint64_t number = 0;
  char colon = 0;
  words >> number >> colon;
  const auto found = actors_.find(ReplicaId(number));
  if (!understood(found != actors_.end() && colon == ':')) return;
  Actor& owner = found->second;
  std::string word;
  owner.log.clear();
  while (words >> word && word != "in") {
    const uint64_t term = std::stoull(word);
    const uint64_t index = owner.log.size() + 1;
    const std::string name = text(index) + "." + text(term);
    owner.log.push_back({Term(term), LogIndex(index), EntryType::command, 0, Buffer::copy_of(name),
                         index * 1000 + term});
  }
  uint64_t term = 0;
  words >> word >> term;
  owner.hard_state = {Term(term), kNobody, LogIndex(0)};
  start(ReplicaId(number));
}

void Stage::start(ReplicaId id) {
  Actor& started = actors_[id];
  RestoredState restored(started.boundary);
  restored.hard_state = started.hard_state;
  for (const Entry& entry : started.log) {
    if (!restored.add(entry, kCacheBytes).ok()) judge_.failed(id, "its log cannot be read");
  }
  RaftOptions options;
  options.self = id;
  options.seed = id.value() * 1009 + ++started.lives;
  options.election_timeout_ns = kTimeoutNs;
  options.heartbeat_interval_ns = kHeartbeatNs;
  options.max_append_entries = entries_a_message_;
  judge_.starts_at(id, restored.applied);
  started.core = std::make_unique<Raft>(options, std::move(restored), started.now);
  collect(id);
}

void Stage::crash(Words& words) {
  const ReplicaId id = id_of(words);
  if (id == kNobody || !understood(actor(id).core != nullptr)) return;
  actor(id).core.reset();
}

void Stage::restart(Words& words) {
  const ReplicaId id = id_of(words);
  if (id != kNobody) start(id);
}

void Stage::compact(Words& words) {
  const ReplicaId id = living_of(words);
  if (id == kNobody) return;
  Actor& owner = actor(id);
  const LogIndex index = owner.core->applied_index();
  const LogPosition old = owner.boundary.position;
  if (!understood(index > old.index)) return;
  const Entry last = owner.log.at(index - old.index - 1);
  owner.boundary = {{last.term, index}, last.timestamp_ms, owner.core->configurations().at(index)};
  owner.log.erase(owner.log.begin(), owner.log.begin() + static_cast<long>(index - old.index));
  owner.core->compacted(index);
  say(id, "'s log begins after " + text(index.value()));
}

// --- Time.

void Stage::pass(ReplicaId id, uint64_t ns) {
  Actor& older = actor(id);
  older.now.monotonic_ns += ns;
  older.now.wall_ms += ns / 1'000'000;
  if (!older.core) return;
  older.core->tick(older.now);
  collect(id);
}

// Twice the timeout is the longest that a follower waits.
void Stage::campaign(Words& words) {
  const ReplicaId id = living_of(words);
  if (id != kNobody) pass(id, 2 * kTimeoutNs);
}

// One timeout passes for everybody: enough to doubt a leader, and for nobody to campaign.
void Stage::silence(Words&) {
  for (auto& [id, one] : actors_) pass(id, kTimeoutNs - 1);
  for (auto& [id, one] : actors_) {
    if (!one.core || one.core->role() != Role::leader) pass(id, 1);
  }
}

void Stage::beat(Words& words) {
  const ReplicaId id = living_of(words);
  if (id != kNobody) pass(id, kHeartbeatNs);
}

// --- The network.

void Stage::deliver(Words& words) {
  std::string which;
  words >> which;
  if (!which.empty()) {
    const auto link = link_of(which);
    if (!understood(link.has_value())) return;
    std::deque<Letter> kept;
    std::deque<Letter> now;
    for (Letter& letter : std::exchange(letters_, {})) {
      const bool wanted = letter.message.from == link->first && letter.message.to == link->second;
      (wanted ? now : kept).push_back(std::move(letter));
    }
    letters_ = std::move(kept);
    for (Letter& letter : now) hand_over(std::move(letter));
    return;
  }
  for (int i = 0; !letters_.empty() && i < kManyLetters; ++i) {
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    hand_over(std::move(letter));
  }
}

void Stage::hand_over(Letter letter) {
  const ReplicaId from = letter.message.from;
  const ReplicaId to = letter.message.to;
  const bool arrives = cut_.count({from, to}) == 0 && actors_.count(to) != 0 && actor(to).core;
  if (!arrives) {
    if (letter.snapshot && actor(from).core) actor(from).core->snapshot_failed(to);
    return;
  }
  if (!actor(to).core->step(std::move(letter.message)).ok()) judge_.failed(to, "heard nonsense");
  collect(to);
  if (!letter.snapshot) return;
  Actor& receiver = actor(to);
  const SnapshotMeta& snapshot = *letter.snapshot;
  if (receiver.core->begin_snapshot_install(snapshot.position).ok()) {
    receiver.log.clear();
    receiver.boundary = snapshot;
    receiver.core->snapshot_installed(snapshot);
    judge_.starts_at(to, snapshot.position.index);
    say(to, " installs a snapshot up to " + text(snapshot.position.index.value()));
    collect(to);
  }
  if (actor(from).core) {
    actor(from).core->snapshot_sent(to, snapshot.position.index);
    collect(from);
  }
}

// All letters, or those on one link.
void Stage::drop(Words& words) {
  std::string which;
  words >> which;
  const auto link = link_of(which);
  if (!understood(which.empty() || link.has_value())) return;
  std::erase_if(letters_, [&link](const Letter& letter) {
    return !link || (letter.message.from == link->first && letter.message.to == link->second);
  });
}

// A link in one direction, or a replica in both.
void Stage::cut(Words& words) {
  std::string which;
  words >> which;
  if (const auto link = link_of(which)) {
    cut_.insert(*link);
    return;
  }
  Words again(which);
  const ReplicaId alone = id_of(again);
  for (const auto& [id, one] : actors_) {
    if (id == alone || alone == kNobody) continue;
    cut_.insert({id, alone});
    cut_.insert({alone, id});
  }
}

void Stage::mend(Words&) {
  cut_.clear();
}

// --- Requests.

void Stage::answer(const Status& status) {
  if (!status.ok()) say(std::string("refused: ") + describe(status));
}

void Stage::propose(Words& words) {
  const ReplicaId id = living_of(words);
  if (id == kNobody) return;
  const uint64_t number = next_id_++;
  words >> names_[number];
  grey::raft::Proposal proposal{number, Buffer::copy_of(names_[number]), number};
  const Status status = actor(id).core->propose({&proposal, 1});
  if (status.ok()) judge_.proposed(number);
  answer(status);
  collect(id);
}

void Stage::read(Words& words) {
  const ReplicaId id = living_of(words);
  if (id == kNobody) return;
  judge_.read_asked(next_id_);
  actor(id).core->read_index(next_id_++);
  collect(id);
}

// change 1 to 1 2 4 learners 5
void Stage::change(Words& words) {
  const ReplicaId id = living_of(words);
  if (id == kNobody) return;
  ConfigurationTarget target;
  auto* list = &target.voters;
  std::string word;
  words >> word;
  while (words >> word) {
    if (word == "learners") {
      list = &target.learners;
    } else {
      list->push_back(ReplicaId(std::stoull(word)));
    }
  }
  const uint64_t number = next_id_++;
  names_[number] = "the change";
  const Status status = actor(id).core->propose_configuration(number, target);
  if (status.ok()) judge_.proposed(number);
  answer(status);
  collect(id);
}

// transfer 1 to 2
void Stage::transfer(Words& words) {
  const ReplicaId id = living_of(words);
  std::string to;
  words >> to;
  const ReplicaId target = id_of(words);
  if (id == kNobody || target == kNobody) return;
  answer(actor(id).core->transfer_leadership(target));
  collect(id);
}

void Stage::show(Words&) {
  for (const auto& [id, one] : actors_) {
    if (!one.core) {
      say(id, " is down");
      continue;
    }
    static constexpr const char* kRoles[] = {"follower", "pre-candidate", "candidate", "leader"};
    const LogView& log = one.core->log();
    std::string line = std::string(" ") + kRoles[static_cast<int>(one.core->role())] + ", term " +
                       text(one.core->term().value()) + ", committed " +
                       text(one.core->commit_index().value()) + ", log";
    if (log.boundary().index > LogIndex(0)) line += " from " + text(log.first_index().value());
    for (LogIndex at = log.first_index(); at <= log.last_index(); at = at + 1) {
      line += " " + text(log.term_at(at)->value());
    }
    say(id, line);
  }
}

// --- What the cores want done.

void Stage::collect(ReplicaId id) {
  Actor& one = actor(id);
  while (one.core->has_effects()) {
    Effects out;
    one.core->take_effects(&out);
    carry_out(id, out);
    // Disks are quick here.
    if (out.sequence != 0) one.core->persisted(out.sequence);
  }
}

void Stage::carry_out(ReplicaId id, Effects& out) {
  Actor& one = actor(id);
  if (out.truncate_from) say(id, " cuts off its log from " + text(out.truncate_from->value()));
  write(one, out);
  for (Message& message : out.messages) letters_.push_back({std::move(message), std::nullopt});
  if (out.role_change) {
    say(id, role_text(*out.role_change));
    if (out.role_change->role == Role::leader) {
      judge_.leads(id, out.role_change->term, one.core->log());
    }
  }
  if (out.configuration) say(id, " has the configuration " + text(*out.configuration));
  if (out.apply) apply(id, *out.apply);
  for (const ProposalResult& result : out.proposals) {
    judge_.completed(result);
    say(names_[result.id] + outcome_text(result.outcome));
  }
  for (const ReadState& state : out.reads) {
    judge_.read_answered(state);
    say(id, state.ok ? " may read at " + text(state.index.value()) : " may not read");
  }
  for (const EntryFetch& wanted : out.fetches) fetch(id, wanted);
  for (const ReplicaId peer : out.snapshots_needed) offer(id, peer);
  if (out.transfer) {
    const bool done = *out.transfer == TransferOutcome::done;
    say(id, done ? " has handed over" : " could not hand over");
  }
  if (out.removed) say(id, " learns that it is removed");
  if (out.failed) judge_.failed(id, out.failed);
}

void Stage::write(Actor& writer, const Effects& out) {
  if (out.hard_state) writer.hard_state = *out.hard_state;
  while (out.truncate_from && !writer.log.empty() &&
         writer.log.back().index >= *out.truncate_from) {
    writer.log.pop_back();
  }
  writer.log.insert(writer.log.end(), out.append.begin(), out.append.end());
}

const Entry& Stage::entry_of(const Actor& owner, LogIndex index) const {
  return owner.log.at(index - owner.boundary.position.index - 1);
}

std::string Stage::name_of(const Entry& entry) const {
  if (entry.type == EntryType::noop) return "-";
  if (entry.type == EntryType::configuration) {
    return text(*decode_configuration(entry.payload.view()));
  }
  return std::string(text_of(entry.payload.view()));
}

void Stage::apply(ReplicaId id, ApplyRange range) {
  std::string line = " applies";
  for (LogIndex index = range.first; index <= range.last; index = index + 1) {
    const Entry& entry = entry_of(actor(id), index);
    judge_.applies(id, entry);
    line += " " + text(index.value()) + ":" + name_of(entry);
  }
  say(id, line);
  actor(id).core->applied(range.last);
}

void Stage::fetch(ReplicaId id, const EntryFetch& wanted) {
  const Actor& source = actor(id);
  std::vector<Entry> entries;
  for (LogIndex at = wanted.first; at <= wanted.last; at = at + 1) {
    if (at <= source.boundary.position.index) break;
    entries.push_back(entry_of(source, at));
  }
  source.core->entries_fetched(wanted.peer, wanted.first, std::move(entries));
}

void Stage::offer(ReplicaId id, ReplicaId peer) {
  const Raft& sender = *actor(id).core;
  const LogIndex index = sender.applied_index();
  const SnapshotMeta snapshot{
      {*sender.log().term_at(index), index}, 0, sender.configurations().at(index)};
  letters_.push_back({{id, peer, sender.term(), SnapshotOffer{snapshot.position}}, snapshot});
  say(id, " offers " + text(peer.value()) + " a snapshot up to " + text(index.value()));
}

}  // namespace grey::raft::testing
