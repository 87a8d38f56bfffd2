#include "core/testing/network.h"

#include <algorithm>
#include <utility>

namespace grey::raft::testing {
namespace {

constexpr uint64_t kStepNs = 10'000'000;
constexpr uint64_t kRecentBytes = 2048;

}  // namespace

Network::Network(const NetworkOptions& options) : options_(options), random_(options.seed) {
  Configuration first;
  for (uint64_t i = 1; i <= options.voters; ++i) first.voters.push_back(ReplicaId(i));
  for (uint32_t i = 0; i < options.voters; ++i) add_replica(first);
  for (uint32_t i = 0; i < options.spares; ++i) add_replica({});
}

void Network::add_replica(Configuration first) {
  const ReplicaId id(nodes_.size() + 1);
  nodes_[id].boundary.configuration = std::move(first);
  restart(id);
}

std::vector<ReplicaId> Network::ids() const {
  std::vector<ReplicaId> result;
  for (const auto& [id, node] : nodes_) result.push_back(id);
  return result;
}

ReplicaId Network::any_replica() {
  return ReplicaId(1 + random_.below(nodes_.size()));
}

ReplicaId Network::leader() const {
  ReplicaId best;
  for (const auto& [id, node] : nodes_) {
    if (!node.core || node.core->role() != Role::leader) continue;
    if (best == kNobody || node.core->term() > nodes_.at(best).core->term()) best = id;
  }
  return best;
}

// --- Faults

void Network::isolate(ReplicaId id) {
  for (const ReplicaId other : ids()) {
    if (other == id) continue;
    cut(id, other);
    cut(other, id);
  }
}

void Network::crash(ReplicaId id) {
  Node& crashed = node(id);
  if (!crashed.core) return;
  crashed.core->abandon();
  Effects last;
  crashed.core->take_effects(&last);
  for (const ProposalResult& result : last.proposals) judge_.completed(result);
  for (const ReadState& state : last.reads) judge_.read_answered(state);
  if (last.apply) apply(id, *last.apply);
  crashed.core.reset();
  // Any prefix of what was on its way to the disk may have arrived.
  make_durable(crashed, static_cast<uint32_t>(random_.below(crashed.writes.size() + 1)));
  crashed.writes.clear();
}

void Network::restart(ReplicaId id) {
  Node& started = node(id);
  if (started.core) return;
  RestoredState restored(started.boundary);
  restored.hard_state = started.hard_state;
  for (const Entry& entry : started.log) {
    if (!restored.add(entry, kRecentBytes).ok()) judge_.failed(id, "its log cannot be read");
  }
  RaftOptions raft = options_.raft;
  raft.self = id;
  raft.seed = options_.seed * 1000003 + id.value() * 1009 + ++started.lives;
  raft.recent_entry_bytes = kRecentBytes;
  judge_.starts_at(id, restored.applied);
  started.core = std::make_unique<Raft>(raft, std::move(restored), now_);
}

void Network::tell_gone(ReplicaId id) {
  for (auto& [other, node] : nodes_) {
    if (other != id && node.core) node.core->peer_gone(id);
  }
}

void Network::heal() {
  options_.faults = Faults{};
  cut_.clear();
  for (const ReplicaId id : ids()) {
    node(id).writes_held = false;
    restart(id);
  }
}

void Network::inject_faults() {
  const Faults& faults = options_.faults;
  if (chance(faults.crash)) {
    const ReplicaId victim = any_replica();
    crash(victim);
    if (chance(500)) tell_gone(victim);
  }
  for (const ReplicaId id : ids()) {
    if (faults.crash != 0 && !up(id) && chance(100)) restart(id);
  }
  if (chance(faults.partition)) {
    const uint64_t count = random_.below(nodes_.size() * 2);
    for (uint64_t i = 0; i < count; ++i) cut(any_replica(), any_replica());
  }
  if (faults.partition != 0 && !cut_.empty() && chance(20)) cut_.clear();
  if (chance(faults.compact)) compact(any_replica());
  const ReplicaId leading = leader();
  if (leading == kNobody) return;
  if (chance(faults.membership)) change_membership(leading);
  if (chance(faults.transfer)) (void)core(leading).transfer_leadership(any_replica());
}

void Network::change_membership(ReplicaId leading) {
  const Configuration now = core(leading).configurations().latest();
  ConfigurationTarget target;
  uint32_t free = 0;
  for (const ReplicaId id : ids()) {
    if (now.tombstone(id)) continue;
    const uint64_t draw = random_.below(10);
    if (!now.contains(id)) ++free;
    if (draw < 6)
      target.voters.push_back(id);
    else if (draw < 8)
      target.learners.push_back(id);
  }
  if (free < options_.spares) add_replica({});
  (void)change_at(leading, target);
}

Status Network::change_at(ReplicaId id, const ConfigurationTarget& target) {
  const uint64_t number = next_id_++;
  const Status status = core(id).propose_configuration(number, target);
  if (status.ok()) judge_.proposed(number);
  return status;
}

// A restart is noticed, and so is silence; both only where the link is whole.
void Network::vouch() {
  for (auto& [id, node] : nodes_) {
    if (!node.core) continue;
    for (const auto& [other, peer] : nodes_) {
      if (other == id) continue;
      Heard& heard = heard_[{id, other}];
      if (peer.core && !peer.writes_held && cut_.count({other, id}) == 0) {
        if (heard.life != 0 && heard.life != peer.lives) node.core->peer_gone(other);
        heard = {now_.monotonic_ns, peer.lives, false};
      }
      node.core->vouch(other, heard.at_ns);
      if (heard.silent || now_.monotonic_ns - heard.at_ns < options_.raft.election_timeout_ns) {
        continue;
      }
      heard.silent = true;
      node.core->peer_silent(other);
    }
  }
}

// --- Requests

bool Network::propose() {
  const ReplicaId leading = leader();
  return leading != kNobody && propose_at(leading);
}

bool Network::propose_at(ReplicaId id) {
  const uint64_t number = next_id_++;
  Proposal proposal{number, Buffer::copy_of(std::string(32, 'x')), number};
  if (!core(id).propose({&proposal, 1}).ok()) return false;
  judge_.proposed(number);
  return true;
}

void Network::read_at(ReplicaId id) {
  const uint64_t number = next_id_++;
  judge_.read_asked(number);
  core(id).read_index(number);
}

void Network::compact(ReplicaId id) {
  Node& compacted = node(id);
  if (!compacted.core || !compacted.writes.empty()) return;
  const LogIndex index = compacted.core->applied_index();
  if (index <= compacted.boundary.position.index) return;
  const uint64_t count = index - compacted.boundary.position.index;
  const Entry& last = compacted.log[count - 1];
  compacted.boundary = {
      {last.term, last.index}, last.timestamp_ms, compacted.core->configurations().at(index)};
  compacted.log.erase(compacted.log.begin(), compacted.log.begin() + static_cast<long>(count));
  compacted.core->compacted(index);
}

// --- A step

void Network::step() {
  now_.monotonic_ns += kStepNs;
  judge_.time_is(now_.monotonic_ns);
  now_.wall_ms += random_.below(40);
  if (random_.below(50) == 0) now_.wall_ms -= 100;  // clocks are set back
  inject_faults();
  if (options_.raft.quiesce_after_ns != 0) vouch();
  for (auto& [id, node] : nodes_) {
    if (node.core) node.core->tick(now_);
  }
  deliver();
  for (auto& [id, node] : nodes_) {
    if (!node.core) continue;
    collect(id);
    if (node.writes.empty() || node.writes_held || chance(300)) continue;
    const uint64_t last = node.writes.back().sequence;
    make_durable(node, static_cast<uint32_t>(node.writes.size()));
    node.core->persisted(last);
    collect(id);
  }
  for (const auto& [id, node] : nodes_) {
    if (node.core) judge_.current(id, node.core->current_at_ns(), node.core->applied_index());
  }
  for (const auto& [a, first] : nodes_) {
    for (const auto& [b, second] : nodes_) {
      if (a < b && first.core && second.core && random_.below(32) == 0) {
        judge_.compare(first.core->log(), second.core->log());
      }
    }
  }
}

void Network::post(Message message, std::optional<SnapshotMeta> snapshot) {
  ++messages_sent_;
  const Faults& faults = options_.faults;
  const bool lost = chance(faults.lose) || cut_.count({message.from, message.to}) != 0;
  if (lost && snapshot && up(message.from)) core(message.from).snapshot_failed(message.to);
  if (lost) return;
  const uint32_t copies = chance(faults.duplicate) ? 2 : 1;
  for (uint32_t i = 0; i < copies; ++i) {
    uint64_t due = now_.monotonic_ns + kStepNs / 10 + random_.below(kStepNs / 5);
    if (chance(faults.delay)) due += random_.below(100 * kStepNs);
    packets_.insert({due, Packet{due, 0, message, snapshot}});
  }
}

void Network::deliver() {
  while (!packets_.empty() && packets_.begin()->first <= now_.monotonic_ns) {
    Packet packet = std::move(packets_.begin()->second);
    packets_.erase(packets_.begin());
    const auto& message = packet.message;
    fingerprint_ = Random(fingerprint_ ^ (message.from.value() << 32) ^ message.to.value() ^
                          (message.term.value() << 8) ^ message.body.index())
                       .next();
    if (cut_.count({message.from, message.to}) == 0 && up(message.to)) {
      receive(packet);
    } else if (packet.snapshot && up(message.from)) {
      core(message.from).snapshot_failed(message.to);
    }
  }
}

void Network::receive(Packet& packet) {
  const ReplicaId from = packet.message.from;
  const ReplicaId to = packet.message.to;
  if (!core(to).step(std::move(packet.message)).ok()) judge_.failed(to, "was sent nonsense");
  if (!packet.snapshot) return;
  collect(to);
  if (core(to).begin_snapshot_install(packet.snapshot->position).ok()) {
    install(to, *packet.snapshot);
  }
  if (up(from)) core(from).snapshot_sent(to, packet.snapshot->position.index);
}

void Network::install(ReplicaId id, const SnapshotMeta& snapshot) {
  Node& target = node(id);
  make_durable(target, static_cast<uint32_t>(target.writes.size()));
  target.log.clear();
  target.boundary = snapshot;
  target.core->snapshot_installed(snapshot);
  judge_.starts_at(id, snapshot.position.index);
  collect(id);
}

void Network::make_durable(Node& target, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    Write& write = target.writes[i];
    if (write.hard_state) target.hard_state = *write.hard_state;
    while (write.truncate_from && !target.log.empty() &&
           target.log.back().index >= *write.truncate_from) {
      target.log.pop_back();
    }
    for (Entry& entry : write.entries) target.log.push_back(std::move(entry));
  }
  target.writes.erase(target.writes.begin(), target.writes.begin() + count);
}

const Entry& Network::entry_of(const Node& owner, LogIndex index) const {
  if (owner.core->log().in_memory(index)) return owner.core->log().entry(index);
  return owner.log.at(index - owner.boundary.position.index - 1);
}

void Network::apply(ReplicaId id, ApplyRange range) {
  for (LogIndex index = range.first; index <= range.last; index = index + 1) {
    judge_.applies(id, entry_of(node(id), index));
  }
  core(id).applied(range.last);
}

void Network::collect(ReplicaId id) {
  Node& source = node(id);
  source.core->take_effects(&effects_);
  Effects out = std::move(effects_);
  effects_ = Effects{};
  if (out.failed) judge_.failed(id, out.failed);
  if (out.sequence != 0) {
    source.writes.push_back(
        {out.sequence, out.hard_state, out.truncate_from, std::move(out.append)});
  }
  if (out.role_change && out.role_change->role == Role::leader) {
    judge_.leads(id, out.role_change->term, source.core->log());
  }
  for (Message& message : out.messages) post(std::move(message), std::nullopt);
  if (out.apply) apply(id, *out.apply);
  for (const ProposalResult& result : out.proposals) judge_.completed(result);
  for (const ReadState& state : out.reads) judge_.read_answered(state);
  for (const EntryFetch& fetch : out.fetches) {
    std::vector<Entry> entries;
    for (LogIndex index = fetch.first; index <= fetch.last && entries.size() < 4;
         index = index + 1) {
      if (index <= source.boundary.position.index) break;
      entries.push_back(entry_of(source, index));
    }
    source.core->entries_fetched(fetch.peer, fetch.first, std::move(entries));
  }
  for (const ReplicaId peer : out.snapshots_needed) {
    const LogIndex index = source.core->applied_index();
    const auto term = source.core->log().term_at(index);
    const SnapshotMeta snapshot{
        {*term, index}, now_.wall_ms + 1'000'000, source.core->configurations().at(index)};
    post({id, peer, source.core->term(), SnapshotOffer{snapshot.position}}, snapshot);
  }
}

}  // namespace grey::raft::testing
