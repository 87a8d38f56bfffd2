#include "gatherer.h"

#include <algorithm>

namespace grey::kv {
namespace {

constexpr uint64_t kLimitNs = 600'000'000;

class HealthVisitor final : public MemberVisitor {
 public:
  void member(const MemberState* member) noexcept override {
    health[member->node_id] = member->health;
  }
  std::map<std::string, MemberHealth> health;
};

std::vector<uint8_t> message_head(MessageType type, uint64_t id) {
  std::vector<uint8_t> bytes;
  ByteWriter writer(&bytes);
  writer.u8(static_cast<uint8_t>(type));
  writer.u8(kMessageVersion);
  writer.u64(id);
  return bytes;
}

Status send(Host* host, uint32_t to, const std::vector<uint8_t>& bytes) {
  const ByteView part{bytes.data(), bytes.size()};
  return host->peers()->send(to, kChannelService, 0, &part, 1);
}

}  // namespace

Gatherer::Gatherer(RouterShared* shared, ClusterSettings yaml, const Genesis* genesis,
                   Membership* membership)
    : shared_(shared),
      host_(shared->host),
      yaml_(std::move(yaml)),
      genesis_(genesis),
      membership_(membership),
      id_(host_->random()->next()),
      timer_(Ref<Timer>::adopt(host_->loop(0)->make_timer(this))) {}

void Gatherer::gather(Gathered done) {
  waiting_.push_back(std::move(done));
  if (running_) return;
  running_ = true;
  begin();
}

void Gatherer::begin() {
  ++id_;
  view_ = ClusterView{};
  view_.topology = topology_;
  view_.shards = topology_ ? topology_->shards() : yaml_.shards;
  Identity identity{};
  identity.struct_size = sizeof(identity);
  host_->identity(&identity);
  view_.version = identity.version;
  view_.waiting_for = genesis_->problem();
  if (view_.waiting_for.empty() && !topology_) {
    view_.waiting_for = "this node is opening its replicas";
  }
  if (draining_) view_.waiting_for = "this node is being stopped";
  missing_ = 1;
  if (topology_) {
    view_.notices = settings_differences(yaml_, topology_->record.settings);
    const std::vector<uint8_t> request = message_head(MessageType::report_request, id_);
    for (const ClusterMember& member : topology_->record.members) {
      if (member.number == topology_->own_number) continue;
      if (send(host_, member.number, request).ok()) ++missing_;
    }
  }
  timer_->arm(host_->loop(0)->now_ns() + kLimitNs);
  collect([this, id = id_](NodeReport report) { arrived(id, std::move(report)); });
}

// This node's own report, from all loops.
void Gatherer::collect(Collected done) {
  struct Gathering {
    NodeReport report;
    uint32_t missing;
    Collected done;
  };
  auto gathering = std::make_shared<Gathering>();
  Identity identity{};
  identity.struct_size = sizeof(identity);
  host_->identity(&identity);
  gathering->report.number = topology_ ? topology_->own_number : 0;
  gathering->report.version = identity.version;
  gathering->missing = host_->loop_count();
  gathering->done = std::move(done);
  for (uint32_t i = 0; i < host_->loop_count(); ++i) {
    Router* router = shared_->routers[i].get();
    post(host_->loop(i), [router, gathering, host = host_] {
      std::vector<GroupReport> groups;
      router->collect(&groups);
      post(host->loop(0), [gathering, groups = std::move(groups)]() mutable {
        std::vector<GroupReport>& all = gathering->report.groups;
        std::move(groups.begin(), groups.end(), std::back_inserter(all));
        if (--gathering->missing != 0) return;
        std::sort(all.begin(), all.end(),
                  [](const GroupReport& a, const GroupReport& b) { return a.group < b.group; });
        gathering->done(std::move(gathering->report));
      });
    });
  }
}

bool Gatherer::on_message(uint32_t from, ByteView payload) {
  ByteReader reader(payload);
  const auto type = static_cast<MessageType>(reader.u8());
  if (reader.u8() != kMessageVersion) return false;
  const uint64_t id = reader.u64();
  if (type == MessageType::report_request) {
    if (!reader.complete()) return false;
    if (stopped_) return true;
    collect([this, from, id](NodeReport report) { answer(from, id, report); });
    return true;
  }
  NodeReport report;
  if (!reader.ok() || !decode_report(reader.rest(), &report)) return false;
  if (report.number == from) arrived(id, std::move(report));
  return true;
}

void Gatherer::answer(uint32_t to, uint64_t id, const NodeReport& report) {
  if (stopped_) return;
  std::vector<uint8_t> bytes = message_head(MessageType::report_reply, id);
  encode_report(report, &bytes);
  (void)send(host_, to, bytes);  // lost: the asker's time limit tells
}

void Gatherer::arrived(uint64_t id, NodeReport report) {
  if (!running_ || id != id_ || view_.reports.contains(report.number)) return;
  const auto order = [](const GroupReport& a, const GroupReport& b) { return a.group < b.group; };
  if (!std::is_sorted(report.groups.begin(), report.groups.end(), order)) return;
  const uint32_t number = report.number;
  view_.reports.emplace(number, std::move(report));
  if (--missing_ == 0) finish();
}

void Gatherer::finish() {
  if (!running_) return;
  timer_->cancel();
  running_ = false;
  view_.as_of_ms = host_->clock()->wall_ms();
  fill_members();
  std::vector<Gathered> waiting;
  waiting.swap(waiting_);
  for (const Gathered& done : waiting) done(view_);
}

void Gatherer::fill_members() {
  if (!topology_) return;
  HealthVisitor health;
  if (membership_) membership_->visit(&health);
  for (const ClusterMember& member : topology_->record.members) {
    MemberView& out = view_.members[member.number];
    const bool self = member.number == topology_->own_number;
    out.linked = self || shared_->routers[0]->linked_to(member.number);
    if (const auto found = health.health.find(member.node_id); found != health.health.end()) {
      out.health = found->second;
    }
    out.api_address = member.api_address;
    PeerInfo info{};
    info.struct_size = sizeof(info);
    if (!self && host_->peers()->info(member.number, &info)) {
      out.api_address = info.api_address;
      out.version = info.version;
    }
    if (self) out.version = view_.version;
  }
}

void Gatherer::stop() {
  stopped_ = true;
  finish();
  timer_ = {};
}

}  // namespace grey::kv
