#include "swim_membership.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "address.h"

namespace grey::swim {
namespace {

MemberHealth health_of(State state) {
  switch (state) {
    case State::alive:
      return MemberHealth::alive;
    case State::suspect:
      return MemberHealth::suspect;
    case State::dead:
    case State::left:
      return MemberHealth::dead;
  }
  return MemberHealth::dead;
}

const char* name_of(State state) {
  constexpr const char* kNames[] = {"alive", "suspect", "dead", "gone: it has left"};
  return kNames[static_cast<uint8_t>(state)];
}

ClusterId cluster_of(const Identity& identity) {
  ClusterId id;
  std::memcpy(id.data(), identity.cluster_id, id.size());
  return id;
}

Identity identity_of(Host* host) {
  Identity identity{};
  identity.struct_size = sizeof(identity);
  host->identity(&identity);
  return identity;
}

}  // namespace

SwimMembership::SwimMembership(Host* host)
    : PluginBase(host), face_(this, *this), timer_task_([this] { on_timer(); }) {
  expose(Membership::kInterfaceId, &face_);
}

SwimMembership::~SwimMembership() = default;

Status SwimMembership::read_options(SwimOptions* options, ErrorText* error) {
  ConfigView* config = host()->config();
  options->probe_interval_ns = config->duration_ns("probe_interval", options->probe_interval_ns);
  options->probe_timeout_ns = config->duration_ns("probe_timeout", options->probe_timeout_ns);
  options->indirect_probes =
      static_cast<uint32_t>(config->integer("indirect_probes", options->indirect_probes));
  options->suspicion_multiplier =
      static_cast<uint32_t>(config->integer("suspicion_multiplier", options->suspicion_multiplier));
  options->gossip_interval_ns = options->probe_interval_ns / 5 * 2;
  if (options->probe_timeout_ns < options->probe_interval_ns) return ok_status();
  set_error(error, "plugins.options.swim: probe_timeout must be below probe_interval");
  return make_status(StatusCode::invalid_argument, "probe_timeout is not below probe_interval");
}

Status SwimMembership::start(ErrorText* error) noexcept {
  SwimOptions options;
  if (const Status status = read_options(&options, error); !status.ok()) return status;
  const char* address = host()->config()->text("network.gossip_addr");
  if (!address) address = "0.0.0.0:7946";
  Loop* loop = host()->loop(0);
  if (const Status status = open(address, error); !status.ok()) return status;

  const Identity identity = identity_of(host());
  // The time of day puts this run above earlier ones; see overrides().
  core_ = std::make_unique<SwimCore>(
      SwimSelf{identity.node_id, identity.boot_nonce, host()->clock()->wall_ms(),
               cluster_of(identity)},
      options, [random = host()->random()] { return random->next(); }, loop->now_ns());
  make_instruments();
  timer_ = Ref<Timer>::adopt(loop->make_timer(&timer_task_));
  addresses_ = std::make_unique<GossipAddresses>(
      host(), [this](const PeerInfo& info, const NetAddress& found) {
        core_->join(host()->loop(0)->now_ns(), info.node_id, info.boot_nonce, found);
        pump();
      });
  pump();
  host()->peers()->add_observer(loop, this);
  return ok_status();
}

Status SwimMembership::open(const char* address, ErrorText* error) {
  const auto failed = [&](const char* protocol, Status status, const ErrorText& reason) {
    set_error(error, "network.gossip_addr: cannot receive on " + std::string(protocol) + " " +
                         address + ": " +
                         (*reason.text ? std::string(reason.text) : describe(status)));
    return status;
  };
  ErrorText reason = empty_error_text();
  Datagram* socket = nullptr;
  Status status = host()->net()->bind_datagram(host()->loop(0), address, this, &socket, &reason);
  if (!status.ok()) return failed("UDP", status, reason);
  socket_ = Ref<Datagram>::adopt(socket);
  streams_ = std::make_unique<GossipStreams>(
      host(), [this](uint64_t connection, const std::string& bytes) {
        if (!core_) return;
        core_->receive_by_stream(host()->loop(0)->now_ns(), connection, view_of(bytes));
        pump();
      });
  status = streams_->listen(address, &reason);
  return status.ok() ? status : failed("TCP", status, reason);
}

void SwimMembership::make_instruments() {
  const auto make = [this](MetricKind kind, const char* name, const char* help,
                           const char* labels = "") {
    return Ref<Instrument>::adopt(
        host()->meter()->instrument(kind, name, help, labels, nullptr, 0));
  };
  constexpr const char* kStates[] = {"state=\"alive\"", "state=\"suspect\"", "state=\"dead\""};
  for (int i = 0; i < 3; ++i) {
    members_[i] = make(MetricKind::gauge, "grey_gossip_members",
                       "Members by how they seem to this node, itself included.", kStates[i]);
  }
  health_score_ =
      make(MetricKind::gauge, "grey_gossip_health_score",
           "How far this node doubts itself: 0 (well) to 8; its time-outs are this plus "
           "one times as long.");
  probe_failures_ = make(MetricKind::counter, "grey_gossip_probe_failures_total",
                         "Probes that neither the member nor any helper answered in time.");
  bad_datagrams_ = make(MetricKind::counter, "grey_gossip_bad_datagrams_total",
                        "Datagrams dropped because they are no gossip message of this version.");
  foreign_datagrams_ = make(MetricKind::counter, "grey_gossip_foreign_datagrams_total",
                            "Datagrams dropped because they belong to another cluster.");
  stream_acks_ = make(MetricKind::counter, "grey_gossip_tcp_acks_total",
                      "Probes that were answered over TCP but not over UDP in time.");
  refutations_ = make(MetricKind::counter, "grey_gossip_refutations_total",
                      "How often this node had to refute that it is suspect or dead.");
}

void SwimMembership::drain(Completion* done) noexcept {
  if (core_) {
    core_->leave(host()->loop(0)->now_ns());
    pump();
  }
  done->complete(ok_status());
}

void SwimMembership::stop(Completion* done) noexcept {
  Loop* loop = host()->loop(0);
  if (core_) host()->peers()->remove_observer(loop, this);
  if (timer_) timer_->cancel();
  timer_ = {};
  socket_ = {};
  core_.reset();
  if (addresses_) addresses_->stop();
  const auto stopped = [done] { done->complete(ok_status()); };
  if (!streams_) return post(loop, stopped);
  streams_->stop(stopped);
}

void SwimMembership::on_datagram(const NetAddress* from, ByteView bytes) noexcept {
  if (!core_) return;
  core_->receive(host()->loop(0)->now_ns(), *from, bytes);
  pump();
}

void SwimMembership::on_peer_up(const PeerInfo* info) noexcept {
  if (!core_ || !is_node_id(info->node_id) || *info->gossip_address == '\0') return;
  addresses_->add(*info);
}

void SwimMembership::on_timer() {
  if (!core_) return;
  core_->set_cluster_id(cluster_of(identity_of(host())));  // it may have been formed since
  core_->tick(host()->loop(0)->now_ns());
  pump();
}

void SwimMembership::pump() {
  for (const OutgoingDatagram& datagram : core_->take_datagrams()) {
    socket_->send(&datagram.to, view_of(datagram.bytes));
  }
  for (const OutgoingStreamMessage& message : core_->take_stream_messages()) {
    if (message.connection != 0) {
      streams_->answer(message.connection, message.bytes);
    } else {
      streams_->dial(message.to, message.bytes);
    }
  }
  log_transitions();
  publish();
  count();
  const uint64_t deadline_ns = core_->next_deadline_ns();
  if (deadline_ns == UINT64_MAX) return timer_->cancel();
  timer_->arm(deadline_ns);
}

void SwimMembership::log_transitions() {
  for (const Transition& transition : core_->take_transitions()) {
    const bool good = transition.after == State::alive || transition.after == State::left;
    const auto found = core_->members().find(transition.node_id);
    const bool has_address = found != core_->members().end() && !is_unset(found->second.address);
    log_line(host(), good ? LogLevel::info : LogLevel::warning, "member ", transition.node_id,
             has_address ? " at " + address_text(found->second.address) : std::string(), " is ",
             name_of(transition.after));
  }
}

void SwimMembership::publish() {
  if (core_->version() == published_version_) return;
  published_version_ = core_->version();
  std::vector<MemberState> snapshot;
  double counts[3] = {};
  for (const auto& [node_id, member] : core_->members()) {
    MemberState state{};
    std::memcpy(state.node_id, node_id.data(), std::min(node_id.size(), sizeof(state.node_id) - 1));
    state.health = health_of(member.state);
    state.incarnation = member.incarnation;
    snapshot.push_back(state);
    ++counts[static_cast<uint32_t>(state.health)];
  }
  for (int i = 0; i < 3; ++i) members_[i]->set(counts[i]);
  std::lock_guard lock(snapshot_mutex_);
  snapshot_.swap(snapshot);
}

void SwimMembership::count() {
  const SwimCounters& now = core_->counters();
  const auto add = [](const Ref<Instrument>& instrument, uint64_t value, uint64_t* told) {
    if (value != *told) instrument->add(static_cast<double>(value - *told));
    *told = value;
  };
  add(probe_failures_, now.probe_failures, &counted_.probe_failures);
  add(bad_datagrams_, now.bad_datagrams, &counted_.bad_datagrams);
  add(foreign_datagrams_, now.foreign_datagrams, &counted_.foreign_datagrams);
  add(refutations_, now.refutations, &counted_.refutations);
  add(stream_acks_, now.stream_acks, &counted_.stream_acks);
  health_score_->set(core_->health_score());
}

void SwimMembership::visit(MemberVisitor* visitor) {
  std::lock_guard lock(snapshot_mutex_);
  for (const MemberState& member : snapshot_) visitor->member(&member);
}

}  // namespace grey::swim
