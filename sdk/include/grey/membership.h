// Kind "membership": who seems alive. It advises; the consensus groups decide.
#ifndef GREY_MEMBERSHIP_H_
#define GREY_MEMBERSHIP_H_

#include "grey/object.h"

namespace grey {

enum class MemberHealth : uint32_t { alive = 0, suspect = 1, dead = 2 };

// Frozen.
struct MemberState {
  char node_id[72];
  MemberHealth health;
  uint32_t reserved;
  uint64_t incarnation;
};

class MemberVisitor {
 public:
  virtual void member(const MemberState* member) noexcept = 0;

 protected:
  ~MemberVisitor() = default;
};

class Membership : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.membership/1";

  // Visits the members known, this node included, in order of their ids. Any thread; the visitor
  // must not call back.
  virtual void visit(MemberVisitor* visitor) noexcept = 0;

 protected:
  ~Membership() = default;
};

}  // namespace grey

#endif  // GREY_MEMBERSHIP_H_
