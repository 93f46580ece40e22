/** Generated from consult/domain/workflow.py by `consult generate`; do not edit. */
export const STATES = {
  draft: { zh: '草稿', en: 'draft', owner: 'requester', live: true, order: 0, clocks: [] },
  submitted: { zh: '待受理', en: 'submitted', owner: 'coordinator', live: true, order: 1, clocks: ['accept', 'consult', 'patient'] },
  awaiting_images: { zh: '待影像', en: 'awaiting images', owner: 'requesting site', live: true, order: 2, clocks: ['patient', 'supplement'] },
  returned: { zh: '退回补充', en: 'returned', owner: 'requester', live: true, order: 3, clocks: ['patient', 'supplement'] },
  queued: { zh: '待派单', en: 'queued', owner: 'router', live: true, order: 4, clocks: ['accept', 'consult', 'patient', 'sign'] },
  assigned: { zh: '待接诊', en: 'assigned', owner: 'specialist', live: true, order: 5, clocks: ['accept', 'consult', 'patient', 'sign'] },
  accepted: { zh: '已接诊', en: 'accepted', owner: 'specialist', live: true, order: 6, clocks: ['consult', 'patient', 'sign'] },
  scheduled: { zh: '已预约', en: 'scheduled', owner: 'specialist', live: true, order: 7, clocks: ['consult', 'patient'] },
  in_progress: { zh: '诊断中', en: 'in progress', owner: 'specialist', live: true, order: 8, clocks: ['consult', 'patient', 'sign'] },
  preliminary: { zh: '初步报告已发', en: 'preliminary', owner: 'specialist', live: true, order: 9, clocks: ['consult', 'patient', 'sign'] },
  in_review: { zh: '待审核', en: 'in review', owner: 'reviewer', live: true, order: 10, clocks: ['consult', 'patient', 'sign'] },
  signed: { zh: '已签发', en: 'signed', owner: 'system', live: true, order: 11, clocks: ['delivery'] },
  delivered: { zh: '已送达', en: 'delivered', owner: 'requester', live: true, order: 12, clocks: ['acknowledge'] },
  acknowledged: { zh: '已确认', en: 'acknowledged', owner: 'requester', live: true, order: 13, clocks: [] },
  closed: { zh: '已结案', en: 'closed', owner: '', live: false, order: 14, clocks: [] },
  rejected: { zh: '已拒绝', en: 'rejected', owner: '', live: false, order: 15, clocks: [] },
  withdrawn: { zh: '已撤回', en: 'withdrawn', owner: '', live: false, order: 16, clocks: [] },
  cancelled: { zh: '已取消', en: 'cancelled', owner: '', live: false, order: 17, clocks: [] },
  expired: { zh: '超期关闭', en: 'expired', owner: '', live: false, order: 18, clocks: [] },
  entered_in_error: { zh: '误建', en: 'entered in error', owner: '', live: false, order: 19, clocks: [] },
} as const
export type State = keyof typeof STATES

export const VERBS = {
  revise: { zh: '修改申请', en: 'Edit request', asks: ['request'], reason: false },
  link_studies: { zh: '关联影像', en: 'Link images', asks: ['study_uids'], reason: false },
  submit: { zh: '提交', en: 'Submit', asks: [], reason: false },
  images_incomplete: { zh: '影像不完整', en: 'Images incomplete', asks: [], reason: false },
  images_complete: { zh: '影像已齐', en: 'Images complete', asks: [], reason: false },
  return_for_supplement: { zh: '退回补充', en: 'Return for supplement', asks: ['items'], reason: true },
  resubmit: { zh: '补充后重新提交', en: 'Resubmit', asks: ['answers'], reason: false },
  triage: { zh: '受理', en: 'Triage', asks: ['priority', 'modality', 'body_part', 'override', 'patient_override'], reason: false },
  reject: { zh: '拒绝', en: 'Reject', asks: [], reason: true },
  assign: { zh: '派单', en: 'Assign', asks: ['assignee'], reason: false },
  claim: { zh: '抢单', en: 'Claim', asks: [], reason: false },
  accept: { zh: '接诊', en: 'Accept', asks: [], reason: false },
  decline: { zh: '退单', en: 'Decline', asks: [], reason: true },
  offer_ran_out: { zh: '接诊超时', en: 'Offer ran out', asks: [], reason: false },
  schedule: { zh: '预约', en: 'Schedule', asks: ['appointment_at'], reason: false },
  reschedule: { zh: '改约', en: 'Reschedule', asks: ['appointment_at'], reason: true },
  open: { zh: '开始阅片', en: 'Open', asks: [], reason: false },
  release: { zh: '暂停阅片', en: 'Release', asks: [], reason: true },
  reassign: { zh: '转派', en: 'Reassign', asks: ['assignee'], reason: true },
  issue_preliminary: { zh: '发初步报告', en: 'Issue preliminary', asks: ['pin', 'critical', 'overrides'], reason: false },
  submit_for_review: { zh: '签名并提交审核', en: 'Sign and submit for review', asks: ['pin', 'critical', 'overrides', 'variation'], reason: false },
  return_review: { zh: '退回修改', en: 'Return to author', asks: [], reason: true },
  sign: { zh: '签发', en: 'Sign', asks: ['pin', 'critical', 'overrides', 'variation'], reason: false },
  co_sign: { zh: '审核签发', en: 'Co-sign', asks: ['pin', 'critical', 'overrides'], reason: false },
  deliver: { zh: '送达', en: 'Deliver', asks: [], reason: false },
  acknowledge: { zh: '确认收到', en: 'Acknowledge', asks: ['read_back'], reason: false },
  close: { zh: '结案', en: 'Close', asks: ['outcome', 'concordance'], reason: false },
  addend: { zh: '补充报告', en: 'Addend', asks: [], reason: true },
  correct: { zh: '更正报告', en: 'Correct', asks: ['kind'], reason: true },
  recall: { zh: '召回报告', en: 'Recall report', asks: [], reason: true },
  withdraw: { zh: '撤回', en: 'Withdraw', asks: [], reason: true },
  cancel: { zh: '取消', en: 'Cancel', asks: [], reason: true },
  expire: { zh: '超期关闭', en: 'Expire', asks: [], reason: false },
  mark_entered_in_error: { zh: '标记误建', en: 'Mark as error', asks: [], reason: true },
  confirm_entered_in_error: { zh: '确认误建', en: 'Confirm error', asks: [], reason: false },
  escalate: { zh: '催办', en: 'Escalate', asks: [], reason: false },
  change_priority: { zh: '改优先级', en: 'Change priority', asks: ['priority'], reason: false },
  second_opinion: { zh: '请求第二意见', en: 'Second opinion', asks: ['question', 'performing_site'], reason: false },
  mdt: { zh: '发起多学科会诊', en: 'Convene MDT', asks: ['question', 'performing_site'], reason: false },
  invite: { zh: '邀请会诊成员', en: 'Invite members', asks: ['members'], reason: false },
  accept_invitation: { zh: '接受会诊邀请', en: 'Accept invitation', asks: [], reason: false },
  decline_invitation: { zh: '谢绝会诊邀请', en: 'Decline invitation', asks: [], reason: true },
  give_outcome: { zh: '填写转归', en: 'Give outcome', asks: ['outcome', 'concordance'], reason: false },
  emergency_submit: { zh: '急诊提交', en: 'Emergency submit', asks: ['patient_override'], reason: false },
  complete_request: { zh: '补齐申请', en: 'Complete request', asks: ['request'], reason: false },
  remind_request: { zh: '提醒补齐申请', en: 'Remind of the request', asks: [], reason: false },
  remind_supplement: { zh: '提醒补充资料', en: 'Remind of the supplement', asks: [], reason: false },
  remind_appointment: { zh: '提醒会诊将开始', en: 'Remind of the appointment', asks: [], reason: false },
  session_failed: { zh: '会诊未成', en: 'Session failed', asks: [], reason: true },
  acknowledge_recall: { zh: '确认召回', en: 'Acknowledge recall', asks: [], reason: false },
  raise_alert: { zh: '报危急值', en: 'Report critical finding', asks: ['critical'], reason: false },
  call_contact: { zh: '通知下一联系人', en: 'Call next contact', asks: [], reason: false },
  record_call: { zh: '登记危急值通知', en: 'Record the call', asks: ['finding', 'receiver', 'channel', 'reached'], reason: false },
  confirm_alert: { zh: '回读确认危急值', en: 'Read back critical finding', asks: ['finding', 'read_back'], reason: false },
  handle_alert: { zh: '登记危急值处置', en: 'Record what was done', asks: ['finding', 'handling'], reason: false },
} as const
export type Verb = keyof typeof VERBS

export const PRIORITIES = {
  emergency: { zh: '急诊', en: 'emergency', order: 0 },
  urgent: { zh: '加急', en: 'urgent', order: 1 },
  routine: { zh: '普通', en: 'routine', order: 2 },
} as const
export type Priority = keyof typeof PRIORITIES

export const SERVICE_TYPES = {
  teleconsultation: { zh: '远程会诊', en: 'teleconsultation' },
  telediagnosis: { zh: '远程诊断', en: 'telediagnosis' },
  mdt: { zh: '多学科会诊', en: 'multidisciplinary consultation' },
} as const
export type ServiceType = keyof typeof SERVICE_TYPES

export const REPORT_STATES = {
  draft: { zh: '草稿', en: 'draft', signed: false },
  preliminary: { zh: '初步报告', en: 'preliminary', signed: false },
  under_review: { zh: '待审核', en: 'under review', signed: false },
  final: { zh: '正式报告', en: 'final', signed: true },
  appended: { zh: '补充报告', en: 'addendum', signed: true },
  corrected: { zh: '更正报告', en: 'corrected', signed: true },
  amended: { zh: '修订报告', en: 'amended', signed: true },
  retracted: { zh: '已召回', en: 'retracted', signed: false },
} as const
export type ReportState = keyof typeof REPORT_STATES

export const ROLES = {
  requester: { zh: '申请医师', en: 'requesting physician' },
  approver: { zh: '审批人', en: 'approver' },
  coordinator: { zh: '会诊中心调度', en: 'coordinator' },
  specialist: { zh: '会诊专家', en: 'specialist' },
  reviewer: { zh: '审核医师', en: 'reviewer' },
  site_admin: { zh: '机构管理员', en: 'site administrator' },
  platform_admin: { zh: '平台管理员', en: 'platform administrator' },
  qa: { zh: '质控人员', en: 'quality assurance' },
  auditor: { zh: '审计人员', en: 'auditor' },
  patient: { zh: '患者', en: 'patient' },
  system: { zh: '系统', en: 'system' },
} as const
export type Role = keyof typeof ROLES
