#include "genesis.h"

#include <cstring>

#include "genesis_store.h"
#include "grey/glue/plugin.h"

namespace grey::kv {
namespace {

constexpr uint64_t kTickNs = 200'000'000;

}  // namespace

Genesis::Genesis(Host* host, ClusterSettings settings, Joined joined)
    : host_(host), settings_(std::move(settings)), on_joined_(std::move(joined)) {}

Genesis::~Genesis() {
  *alive_ = false;
}

Status Genesis::start(ErrorText* error) {
  identity_.struct_size = sizeof(identity_);
  host_->identity(&identity_);
  GenesisRecord stored;
  const Status status = load_genesis_record(host_->files(), &stored);
  if (status.ok()) {
    record_ = std::move(stored);
  } else if (status.code != StatusCode::not_found) {
    set_error(error, std::string("the file ") + kGenesisPath +
                         " in the data directory cannot be read: " + describe(status) +
                         "; take it from a backup, or let the node be wiped and added again");
    return status;
  }
  const Uuid cluster_id = uuid_of(identity_.cluster_id);
  if (cluster_id != kNoUuid) {
    if (!record_ || record_->cluster_id != cluster_id) {
      set_error(error, std::string("this data directory belongs to cluster ") +
                           uuid_text(cluster_id) + " but the file " + kGenesisPath +
                           (record_ ? " is of another one" : " is missing"));
      return make_status(StatusCode::corruption);
    }
    for (const ClusterMember& member : record_->members) {
      if (member.number == identity_.number) continue;
      host_->peers()->assign(member.number, member.raft_address.c_str());
    }
    joined_ = true;
    on_joined_(*record_);
    return ok_status();
  }
  timer_ = Ref<Timer>::adopt(host_->loop(0)->make_timer(this));
  if (settings_.peers.empty()) {
    own_number_ = 1;
  } else {
    for (uint32_t i = 0; i < settings_.nodes(); ++i) peers_[i + 1];
    host_->peers()->add_observer(host_->loop(0), this);
    observing_ = true;
    for (uint32_t i = 0; i < settings_.nodes(); ++i) {
      host_->peers()->assign(i + 1, settings_.peers[i].c_str());
    }
  }
  timer_->arm(host_->loop(0)->now_ns() + kTickNs);
  evaluate();
  return ok_status();
}

void Genesis::stop() {
  timer_ = {};
  if (observing_) host_->peers()->remove_observer(host_->loop(0), this);
  observing_ = false;
}

void Genesis::on_peer_up(const PeerInfo* info) noexcept {
  const auto found = peers_.find(info->number);
  if (joined_ || found == peers_.end()) return;
  found->second = PeerView{};
  found->second.up = true;
  found->second.info = *info;
  tell_state(info->number);
  evaluate();
}

void Genesis::on_peer_down(uint32_t number, PeerDown) noexcept {
  const auto found = peers_.find(number);
  if (joined_ || found == peers_.end()) return;
  found->second = PeerView{};
  evaluate();
}

void Genesis::on_self(uint32_t number) noexcept {
  if (joined_) return;
  if (own_number_ != 0 && own_number_ != number) {
    refusal_ = "two entries of cluster.bootstrap_peers lead to this node: " +
               settings_.peers[own_number_ - 1] + " and " + settings_.peers[number - 1];
  }
  if (own_number_ == 0) own_number_ = number;
  peers_.erase(number);
  evaluate();
}

void Genesis::run() noexcept {
  if (joined_) return;
  timer_->arm(host_->loop(0)->now_ns() + kTickNs);
  may_save_ = true;
  for (const auto& [number, peer] : peers_) {
    if (peer.up) tell_state(number);
  }
  evaluate();
}

void Genesis::tell_state(uint32_t number) {
  GenesisMessage message;
  message.settings = settings_;
  if (record_) message.cluster_id = record_->cluster_id;
  send(number, message);
}

void Genesis::send(uint32_t number, const GenesisMessage& message) {
  const std::vector<uint8_t> bytes = encode_genesis_message(message);
  const ByteView part{bytes.data(), bytes.size()};
  // What is not sent now is said again by the timer.
  (void)host_->peers()->send(number, kChannelService, 0, &part, 1);
}

void Genesis::evaluate() {
  if (joined_) return;
  std::string found = obstacle();
  if (found.empty() && !joined_) {
    drive();
  }
  if (!joined_) {
    if (found.empty()) found = write_error_;
    say(found.empty() ? "the cluster is being formed: not every peer has written its record"
                      : std::move(found));
  }
}

// Why the cluster cannot be formed now, or "".
std::string Genesis::obstacle() {
  if (!refusal_.empty()) return refusal_;
  for (const auto& [number, peer] : peers_) {
    if (!peer.up || uuid_of(peer.info.cluster_id) == kNoUuid) continue;
    if (record_ && record_->cluster_id == uuid_of(peer.info.cluster_id)) {
      join();  // it joined, so all have written the record
      return "";
    }
    return "peer " + settings_.peers[number - 1] + " (" + peer.info.node_id +
           ") belongs to cluster " + uuid_text(uuid_of(peer.info.cluster_id)) +
           " already: this node waits to be added (greyctl cluster add-member)";
  }
  std::string missing;
  for (const auto& [number, peer] : peers_) {
    if (peer.up && peer.settings) {
      std::string text = peer_obstacle(number, peer);
      if (!text.empty()) return text;
    } else {
      missing += (missing.empty() ? "" : ", ") + settings_.peers[number - 1];
    }
  }
  if (!missing.empty()) return "waiting for bootstrap peers to form the cluster: " + missing;
  if (own_number_ == 0) {
    return "none of cluster.bootstrap_peers leads back to this node (" +
           std::string(identity_.raft_address) + ")";
  }
  return identity_obstacle();
}

std::string Genesis::peer_obstacle(uint32_t number, const PeerView& peer) const {
  if (*peer.settings == settings_) return "";
  return "peer " + settings_.peers[number - 1] + " (" + peer.info.node_id +
         ") was configured with other settings; it has " + describe(*peer.settings) +
         "; this node has " + describe(settings_);
}

std::string Genesis::identity_obstacle() const {
  if (record_ && record_->settings != settings_) {
    return "the unfinished record of cluster " + uuid_text(record_->cluster_id) +
           " was made with other settings; it has " + describe(record_->settings) +
           "; this node has " + describe(settings_) +
           "; go back to those of the record, or start with empty data directories on all "
           "bootstrap peers";
  }
  std::map<std::string, uint32_t> ids{{identity_.node_id, own_number_}};
  for (const auto& [number, peer] : peers_) {
    const auto [other, fresh] = ids.emplace(peer.info.node_id, number);
    if (!fresh) {
      return "two bootstrap peers have the node.id " + other->first + ": " +
             settings_.peers[other->second - 1] + " and " + settings_.peers[number - 1];
    }
    if (peer.record_id != kNoUuid && record_ && peer.record_id != record_->cluster_id) {
      return "peer " + settings_.peers[number - 1] + " holds the unfinished record of cluster " +
             uuid_text(peer.record_id) + ", this node that of " + uuid_text(record_->cluster_id);
    }
    const ClusterMember* member = record_ ? record_->member(number) : nullptr;
    if (member && member->instance != uuid_of(peer.info.instance_uuid)) {
      return "peer " + settings_.peers[number - 1] +
             " has another data directory than when the record of cluster " +
             uuid_text(record_->cluster_id) +
             " was made; start with empty data directories on all bootstrap peers";
    }
    if (own_number_ == 1 && !record_ && peer.record_id != kNoUuid) {
      return "peer " + settings_.peers[number - 1] + " holds the unfinished record of cluster " +
             uuid_text(peer.record_id) +
             ", which this node has lost; start with empty data directories on all bootstrap "
             "peers";
    }
  }
  return "";
}

// All are here and of one mind: the first of the list goes on.
void Genesis::drive() {
  if (own_number_ != 1) return;
  if (!record_) {
    if (may_save_) save(mint());
    return;
  }
  bool all = true;
  for (const auto& [number, peer] : peers_) {
    if (peer.accepted) continue;
    all = false;
    GenesisMessage offer;
    offer.type = MessageType::genesis_offer;
    offer.record = *record_;
    send(number, offer);
  }
  if (all) join();
}

GenesisRecord Genesis::mint() const {
  GenesisRecord record;
  for (size_t i = 0; i < 16; i += 8) {
    const uint64_t bits = host_->random()->next();
    std::memcpy(record.cluster_id.data() + i, &bits, 8);
  }
  // The marks of a random UUID (RFC 9562, version 4); they also keep it from being zero.
  record.cluster_id[6] = static_cast<uint8_t>((record.cluster_id[6] & 0x0F) | 0x40);
  record.cluster_id[8] = static_cast<uint8_t>((record.cluster_id[8] & 0x3F) | 0x80);
  record.settings = settings_;
  for (uint32_t number = 1; number <= settings_.nodes(); ++number) {
    ClusterMember member;
    member.number = number;
    const auto found = peers_.find(number);
    const bool self = found == peers_.end();
    member.node_id = self ? identity_.node_id : found->second.info.node_id;
    member.instance = uuid_of(self ? identity_.instance_uuid : found->second.info.instance_uuid);
    member.raft_address =
        settings_.peers.empty() ? identity_.raft_address : settings_.peers[number - 1];
    member.api_address = self ? identity_.api_address : found->second.info.api_address;
    record.members.push_back(std::move(member));
  }
  return record;
}

bool Genesis::on_message(uint32_t from, const PeerInfo* info, ByteView payload) {
  GenesisMessage message;
  if (!decode_genesis_message(payload, &message)) return false;
  switch (message.type) {
    case MessageType::genesis_state:
      on_state(from, info, message);
      break;
    case MessageType::genesis_offer:
      on_offer(from, message.record);
      break;
    case MessageType::genesis_accept: {
      const auto found = peers_.find(from);
      if (joined_ || found == peers_.end() || !record_) break;
      if (message.cluster_id != record_->cluster_id) break;
      found->second.accepted = true;
      evaluate();
      break;
    }
    case MessageType::genesis_commit:
      if (!joined_ && record_ && message.cluster_id == record_->cluster_id) join();
      break;
    default:
      return false;
  }
  return true;
}

void Genesis::on_state(uint32_t from, const PeerInfo* info, const GenesisMessage& message) {
  if (joined_) {
    if (record_ && message.cluster_id == record_->cluster_id) {
      GenesisMessage commit;
      commit.type = MessageType::genesis_commit;
      commit.cluster_id = record_->cluster_id;
      send(from, commit);
    }
    return;
  }
  const auto found = peers_.find(from);
  if (found == peers_.end()) return;
  found->second.up = true;
  if (info) found->second.info = *info;
  found->second.settings = message.settings;
  found->second.record_id = message.cluster_id;
  evaluate();
}

void Genesis::on_offer(uint32_t from, const GenesisRecord& record) {
  if (joined_ || from != 1 || own_number_ == 0) return;
  const ClusterMember* own = record.member(own_number_);
  if (record.settings != settings_ || !own || own->node_id != identity_.node_id ||
      own->instance != uuid_of(identity_.instance_uuid)) {
    return;  // what differs shows in its state, or it is of an earlier life of this node
  }
  if (!record_) {
    if (may_save_) save(record);
    return;
  }
  if (record_->cluster_id != record.cluster_id) return;  // obstacle() tells
  GenesisMessage accept;
  accept.type = MessageType::genesis_accept;
  accept.cluster_id = record.cluster_id;
  send(from, accept);
}

void Genesis::save(GenesisRecord record) {
  may_save_ = false;
  std::shared_ptr<bool> alive = alive_;
  Host* host = host_;
  const bool queued = submit(host->workers(), [this, alive, host, record = std::move(record)] {
    const Status status = save_genesis_record(host->files(), record);
    post(host->loop(0), [this, alive, status, record] {
      if (*alive) saved(status, record);
    });
  });
  if (!queued) write_error_ = "too much is being written at once to write the record, too";
}

void Genesis::saved(Status status, const GenesisRecord& record) {
  if (!timer_ || record_) return;  // stopped; written by an earlier try that took long
  if (!status.ok()) {
    write_error_ =
        std::string("the file ") + kGenesisPath + " cannot be written: " + describe(status);
    evaluate();
    return;
  }
  write_error_.clear();
  record_ = record;
  if (own_number_ != 1) on_offer(1, record);
  evaluate();
}

void Genesis::join() {
  for (const ClusterMember& member : record_->members) {
    if (member.instance == uuid_of(identity_.instance_uuid)) own_number_ = member.number;
  }
  const Status status = host_->join_cluster(record_->cluster_id.data(), own_number_);
  if (!status.ok()) {
    refusal_ = "the identity file cannot be written: " + describe(status);
    return;
  }
  joined_ = true;
  problem_.clear();
  log_line(host_, LogLevel::info, "this node is number ", own_number_, " of cluster ",
           uuid_text(record_->cluster_id), " with ", record_->members.size(), " nodes, ",
           describe(record_->settings));
  for (const auto& [number, peer] : peers_) {
    GenesisMessage commit;
    commit.type = MessageType::genesis_commit;
    commit.cluster_id = record_->cluster_id;
    if (own_number_ == 1) send(number, commit);
  }
  on_joined_(*record_);
}

void Genesis::say(std::string problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  log_line(host_, LogLevel::info, problem_);
}

}  // namespace grey::kv
