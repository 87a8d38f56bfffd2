#include "core/raft.h"

#include <utility>

#include "core/raft_state.h"

namespace grey::raft {

Raft::Raft(const RaftOptions& options, RestoredState restored, Now now)
    : state_(std::make_unique<RaftState>(options, std::move(restored), now)) {}
Raft::~Raft() = default;

void Raft::tick(Now now) {
  state_->tick(now);
}
uint64_t Raft::next_deadline_ns() const {
  return state_->next_deadline_ns();
}
Status Raft::step(Message message) {
  return state_->step(std::move(message));
}
void Raft::peer_gone(ReplicaId peer) {
  state_->peer_gone(peer);
}
void Raft::peer_back(ReplicaId peer) {
  state_->peer_back(peer);
}
void Raft::campaign_soon() {
  state_->campaign_soon();
}
void Raft::persisted(uint64_t sequence) {
  state_->persisted(sequence);
}
void Raft::set_log_progress(bool progress) {
  state_->set_log_progress(progress);
}
void Raft::compacted(LogIndex index) {
  state_->compacted(index);
}
void Raft::entries_fetched(ReplicaId peer, LogIndex first, std::vector<Entry> entries) {
  state_->entries_fetched(peer, first, std::move(entries));
}
void Raft::fail(const char* reason) {
  state_->fail(reason);
}
void Raft::applied(LogIndex index) {
  state_->applied(index);
}
Status Raft::propose(std::span<Proposal> proposals) {
  return state_->propose(proposals);
}
Status Raft::propose_configuration(uint64_t id, const ConfigurationTarget& target) {
  return state_->propose_configuration(id, target);
}
void Raft::read_index(uint64_t request_id) {
  state_->read_index(request_id);
}
Status Raft::transfer_leadership(ReplicaId target) {
  return state_->transfer_leadership(target);
}
void Raft::set_has_room(bool has_room) {
  state_->set_has_room(has_room);
}
void Raft::abandon() {
  state_->abandon();
}
void Raft::snapshot_sent(ReplicaId peer, LogIndex index) {
  state_->snapshot_sent(peer, index);
}
void Raft::snapshot_failed(ReplicaId peer) {
  state_->snapshot_failed(peer);
}
Status Raft::begin_snapshot_install(LogPosition snapshot) {
  return state_->begin_snapshot_install(snapshot);
}
void Raft::snapshot_installed(const SnapshotMeta& snapshot) {
  state_->snapshot_installed(snapshot);
}
void Raft::snapshot_install_failed() {
  state_->snapshot_install_failed();
}
bool Raft::quiesced() const {
  return state_->quiesced();
}
void Raft::vouch(ReplicaId peer, uint64_t heard_ns) {
  state_->vouch(peer, heard_ns);
}
void Raft::wake() {
  state_->wake();
}
void Raft::peer_silent(ReplicaId peer) {
  state_->peer_silent(peer);
}
bool Raft::has_effects() const {
  return state_->has_effects();
}
void Raft::take_effects(Effects* effects) {
  state_->take_effects(effects);
}
Role Raft::role() const {
  return state_->role();
}
Term Raft::term() const {
  return state_->hard_state().term;
}
ReplicaId Raft::leader() const {
  return state_->leader();
}
uint64_t Raft::last_contact_ns() const {
  return state_->last_contact_ns();
}
LogIndex Raft::commit_index() const {
  return state_->hard_state().commit;
}
LogIndex Raft::applied_index() const {
  return state_->applied_index();
}
bool Raft::damaged() const {
  return state_->damaged();
}
bool Raft::removed() const {
  return state_->removed();
}
uint64_t Raft::current_at_ns() const {
  return state_->current_at_ns();
}
const char* Raft::failed() const {
  return state_->failed();
}
const LogView& Raft::log() const {
  return state_->log();
}
const ConfigurationHistory& Raft::configurations() const {
  return state_->configurations();
}
std::span<const Progress> Raft::peers() const {
  return state_->peers();
}
bool Raft::ready_to_serve() const {
  return state_->ready_to_serve();
}
bool Raft::writable() const {
  return state_->writable();
}
bool Raft::readable() const {
  return state_->readable();
}
HardState Raft::hard_state() const {
  return state_->hard_state();
}

}  // namespace grey::raft
