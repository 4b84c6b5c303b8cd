"""What other tools call our ops, blocks and arguments, and how to write what is no op here.

Names are those of PyTorch, timm, Keras, TensorFlow, ONNX, Caffe, Darknet and the papers. They are compared without
case, signs, the package before them, and the number of dimensions: ``tf.keras.layers.Conv2D`` is ``conv``. The file is
imported for messages only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from archspec.errors import Help, did_you_mean, nearest, removable

_NAMES = """
abs: absolute absval absolutevalue
adaptive_avg_pool: adaptiveavgpooling adaptiveaveragepool adaptiveaveragepooling
adaptive_max_pool: adaptivemaxpooling
amax: reducemax
amin: reducemin
add: addn addv2 plus shortcut skipconnection elementwiseadd eltwiseadd eltwisesum addition
avg_pool: avgpooling averagepool averagepooling avepool avepooling meanpool meanpooling
batch_norm: bn bnorm batchnormalization batchnormalisation spatialbn fusedbatchnorm fusedbatchnormv3 lazybatchnorm
    syncbatchnorm
blur_pool: antialiaspool maxblurpool
channel_shuffle: shuffle shufflechannel shufflechannels channelsshuffle
clamp: clip clipbyvalue clampmin clampmax
concat: cat concatv2 concatenate concatenation route depthconcat filterconcat join jointable
conv: convolution convolutional convolve lazyconv spatialconvolution
conv_transpose: deconv deconvolution deconvolutional transposeconv transposedconv transposedconvolution
    transposeconvolution convtransposed convolutiontranspose convolutiontransposed tconv upconv upconvolution
    fractionallystridedconv lazyconvtranspose spatialfullconvolution
cos: cosine
div: divide truediv truedivide realdiv divnonan division quotient elementwisediv eltwisediv
dropout: drop
dropout2d: dropout1d dropout3d spatialdropout spatialdropout1d spatialdropout2d spatialdropout3d featuredropout
elu: exponentiallinear exponentiallinearunit
exp: exponential
expand: expandas broadcastto
flatten: flat ravel unroll flattenlayer
fold: col2im
flip: reverse reversev2 fliplr flipud
gelu: gaussianerrorlinearunit
global_avg_pool: gap globalavgpooling globalaveragepool globalaveragepooling spatialmean
global_max_pool: gmp globalmaxpooling
global_response_norm: grn globalresponsenormalization globalresponsenormalisation
group_norm: gn groupnormalization groupnormalisation
hardsigmoid: hsigmoid
hardswish: hswish hardsilu
hardtanh: htanh
identity: noop passthrough
instance_norm: instancenormalization instancenormalisation lazyinstancenorm
layer_norm: ln layernormalization layernormalisation
leaky_relu: lrelu leaky leakyrectify leakyrectifier
linear: dense fc fullyconnected fullconnected innerproduct ip connected gemm affine addmm lazylinear
local_conv: local locallyconnected locallyconnectedconv localconvolution unsharedconv
local_response_norm: lrn localresponsenormalization localresponsenormalisation responsenorm crossmaplrn
log: naturallog logarithm
lp_pool: lppooling l2pool l2pooling
matmul: bmm mm dot batchdot batchmatmul
max_pool: maxpooling
max_unpool: unpool unpooling maxunpooling
maximum: fmax eltwisemax elementwisemax elementwisemaximum
mean: reducemean
minimum: fmin eltwisemin elementwisemin elementwiseminimum
multi_head_attention: selfattention multiheadselfattention crossattention multiheadattentionforward mha mhsa
mul: multiply product times eltwisemul eltwiseprod elementwisemul elementwisemultiply hadamard
neg: negative negate
normalize: l2norm l2normalize l2normalization unitnorm unitnormalization lpnormalization lpnormalize
pad: padding padv2 zeropad zeropadding constantpadnd constantpad
permute: transpose permutedims
pixel_shuffle: subpixel subpixelconv pixelshuffler
pow: power
prelu: parametricrelu
relu: rectifier rectify rectifiedlinear rectifiedlinearunit
reshape: view unflatten
rms_norm: rmsnormalization rmsnormalisation rootmeansquarenorm simplifiedlayernorm simplifiedlayernormalization
    t5layernorm llamarmsnorm
roll: cyclicshift circularshift circshift
rsqrt: inversesqrt invsqrt reciprocalsqrt
scaled_dot_product_attention: sdpa dotproductattention
sigmoid: logistic sigm expit
sign: sgn signum
silu: swish
sin: sine
slice: narrow stridedslice
split: chunk splitv
sqrt: squareroot
stochastic_depth: droppath
sub: subtract minus difference
sum: reducesum
tanh: hyperbolictangent
unfold: im2col extractpatches extractimagepatches
unsqueeze: expanddims
vector_norm: reducel2 frobeniusnorm
upsample: interpolate interp resize resizeimages resizenearestneighbor upsampling
    upsamplingnearest upsamplenearest

conv_bn: convnorm
conv_bn_relu: cbr convbnrelublock basicconv
conv_bn_silu: cbs
conv_norm_act: convbnact convblock convmodule convbnactivation convnormactivation
convnext_block: cnblock convnext convnextlayer
dense_layer: denseblocklayer
fire: firemodule fireblock
inception: inceptionmodule inceptionblock
inverted_residual: invertedresidualblock linearbottleneck
mbconv: mbconvblock mobileinvertedresidual
nin_block: mlpconv
preact_basic: preactblock preactbasicblock
residual_basic: basicblock residualblock resblock resnetblock residual
bottleneck: bottleneckblock resnetbottleneck
shuffle_unit: shufflenetunit
squeeze_excite: se selayer semodule seblock squeezeexcitation squeezeandexcitation
transition: transitionlayer transitionblock
"""

_ATTENTION = "write it with `multi_head_attention`, `layer_norm`, `linear` and `add`"
_ACTIVATION = "an activation is an op by its own name, such as `relu`, `leaky_relu` or `silu`"
_ONE_NODE = "write `{}` at a `conv`"
_NO = "it is a function of its own, and none of the ops that `archspec ops` lists"
_LOSS = "a spec ends at the network's output; losses belong to the training"

_ELSEWHERE = {
    "resizebilinear upsamplingbilinear upsamplebilinear": "write `{op: upsample, scale_factor: 2, mode: bilinear}`",
    "resizebicubic": "write `{op: upsample, scale_factor: 2, mode: bicubic}`",
    "reflectionpad mirrorpad": "write `{op: pad, padding: [1, 1, 1, 1], mode: reflect}`",
    "replicationpad": "write `{op: pad, padding: [1, 1, 1, 1], mode: replicate}`",
    "circularpad": "write `{op: pad, padding: [1, 1, 1, 1], mode: circular}`",
    "gelunew gelutanh quickgelu": "write `{op: gelu, approximate: tanh}`",
    "minpool medianpool softpool stochasticpool involution batchrenorm": "there is no such op yet",
    "attention": "`multi_head_attention` has projections, `scaled_dot_product_attention` has none",
    "transformer transformerencoder transformerdecoder transformerencoderlayer transformerdecoderlayer": _ATTENTION,
    "eltwise elementwise": "name the operation: `maximum`, `minimum`, `div`, `add`, `sub` or `mul`",
    "max": "`maximum` is the greatest of operands, `amax` the greatest along dimensions",
    "min": "`minimum` is the least of operands, `amin` the least along dimensions",
    "aminmax": "`amin` and `amax` are nodes of their own",
    "argmax argmin": "`amax` and `amin` give the number; there is no op for the place where it stands",
    "average": "write `add`, then `div` with their number: `{op: div, value: 2}`",
    "prod reduceprod": "`mul` multiplies operands; there is no product over dimensions",
    "reducel1": "write `{op: vector_norm, ord: 1, dim: 1}`",
    "reducesumsquare": "write `pow` with the exponent 2, then `sum`",
    "square": "write `{op: pow, exponent: 2}`",
    "reciprocal inverse": "write `{op: pow, exponent: -1}`",
    "rescale rescaling addscalar mulscalar": "write `mul` or `add` with a number: `{op: mul, value: 0.5}`",
    "pool pooling": "name the operation: `max_pool` or `avg_pool`",
    "globalpool globalpooling": "name the operation: `global_avg_pool` or `global_max_pool`",
    "activation nonlinearity": _ACTIVATION,
    "linearactivation": "no activation is no node; `identity` passes on what it takes",
    "depthwise depthwiseconv depthwiseconvolution dwconv convdepthwise depthwiseconvnative": (
        "write `op: conv` with as many `groups` and `out_channels` as its input has channels"
    ),
    "separableconv sepconv separableconvolution depthwiseseparableconv": (
        "write a `conv` with as many `groups` as channels, then one of `kernel_size: 1`; "
        "`block: depthwise_separable` has them with batch norms and ReLUs"
    ),
    "groupconv groupedconv groupconvolution": _ONE_NODE.format("groups"),
    "dilatedconv atrousconv dilatedconvolution": _ONE_NODE.format("dilation"),
    "pointwise pointwiseconv conv1x1": _ONE_NODE.format("kernel_size: 1"),
    "conv3x3": _ONE_NODE.format("kernel_size: 3"),
    "deformconv deformableconv dcn": "there is no convolution with learned places; a `conv` has fixed ones",
    "crop centercrop cropping cropping1d cropping2d cropping3d": (
        "write a `slice` for each dimension that is cut: `{op: slice, dim: 2, start: 1, stop: -1}`"
    ),
    "spacetodepth reorg focus": (
        "`pixel_unshuffle` does it in PyTorch's order of channels, in which those that come of one stand together"
    ),
    "depthtospace": "`pixel_shuffle` does it in PyTorch's order of channels, which is mode CRD of ONNX",
    "maxpoolwithargmax": "`max_pool` gives the places too, as NAME.indices, where NAME is the node",
    "fractionalmaxpool": "windows have one size: `max_pool`",
    "hstack vstack dstack columnstack": "name the dimension: `concat` goes along one that is there, `stack` adds one",
    "repeat tile": (
        "`expand` repeats a dimension of size 1, operands of `add`, `sub`, `mul` and `div` broadcast; "
        "copies of a node are its key `repeat`"
    ),
    "dropconnect": "`stochastic_depth` drops a whole branch, as EfficientNet's code of this name does",
    "alphadropout featurealphadropout gaussiandropout": "there are `dropout` and `dropout2d`",
    "norm normalization mvn": (
        "the norms are `batch_norm`, `group_norm`, `instance_norm`, `layer_norm`, `rms_norm`, `local_response_norm`, "
        "`global_response_norm` and `normalize`; `vector_norm` is the p-norm itself"
    ),
    "l1norm l1normalize l1normalization": "write `{op: normalize, p: 1}`",
    "weightnorm spectralnorm": "it is a form of a layer's weights, which belongs to the training",
    "scale scaleshift": (
        "`layer_scale` has a factor for each channel, `batch_norm` has factors and offsets, "
        "`{op: mul, value: 0.5}` has one fixed number"
    ),
    "celu selu glu swiglu geglu crelu rrelu softsign hardshrink softshrink tanhshrink logsigmoid threshold maxout": _NO,
    "renorm softmin gumbelsoftmax logitnorm logit signbit real tan atan sinh cosh acosh asinh atanh arctanh": _NO,
    "asin arcsin acos arccos cross isin": _NO,
    "exp2 expm1 fmod log1p log2 log10 reducelogsum symsqrt sinc ne normal logspace": _NO,
    "cov cond conj median mode std var sort relative nanmean cumsum trapz mvlgamma": _NO,
    "resizeas convtbc addmv addr addbmm baddbmm saddmm dsplit hsplit vsplit rsub lu cancast rnnrelu rnntanh": _NO,
    "adaptivelogsoftmaxwithloss": "there is `log_softmax`; a loss mostly takes what comes before",
    "softmaxwithloss softmaxloss crossentropy crossentropyloss loss mseloss l1loss nllloss": _LOSS,
    "bce bceloss bcewithlogitsloss": _LOSS,
    "sequential modulelist moduledict container": "a graph in a graph is a group: `stage: {graph: {…}}`",
    "parameterlist parameterdict": "each of them is a `parameter`, a node of its own",
    "input inputlayer data placeholder": "inputs stand in `inputs:` at the top of the file",
    "output": "outputs stand in `output:` or `outputs:` beside the graph",
    "denseblock": "repeat the layer: `{block: dense_layer, repeat: 6, growth_rate: 32}`",
    "aspp spp c3 csp fpn": "there is no such block; write it in `blocks:`, and name it here",
    "lstm gru rnn lstmcell grucell rnncell embedding embeddingbag": "there are no recurrent layers and no embeddings",
    "roialign roipool yolo region detection nms": "a spec ends before regions; its output are the maps",
    "lambda function module": "an op of your own is a class; docs/extending.md shows one",
    "einsum": "write it with `permute`, `reshape` and `matmul`",
    "bilinear": "`linear` takes one operand; to double a map write `{op: upsample, scale_factor: 2, mode: bilinear}`",
}

_ARGUMENTS = """
out_channels: filters numfilters nfilters nbfilter numfilter numoutput nout outplanes planes numfilterout
    outchannel outchans outchs outdim features width
channels: filters numfilters nfilters numoutput planes outchannels
out_features: units numoutput nout outunits outputs numhidden outputdim outdim hiddensize
kernel_size: filtsize kernel ksize kernelshape kernelh kernelw k filtersize fsize poolsize windowsize ks windowshape
stride: strides s step subsampling
padding: pad pads padh padw paddings padw autopad border p
dilation: rate dilations dilationrate dilate atrousrate d
groups: group ngroups numgroups numgroup cardinality featuregroupcount g
groups_first: firstgroups
num_groups: groups group ngroups numgroup
num_heads: heads nhead nheads numhead numattentionheads h
is_causal: causal usecausalmask unidirectional
bias: usebias biasterm hasbias withbias
dim: axis axes dims concatdim channelaxis
start_dim: axis startaxis
end_dim: endaxis
end: stop limit
steps: num count n
dims: perm axes order permutation axis dim
shape: targetshape newshape outputshape size sizes
output_size: size outputshape targetsize outsize
size: outputsize outputshape targetsize localsize n
scale_factor: scale scales factor upscalefactor ratio upscale stride
upscale_factor: scale scalefactor factor blocksize r upscale
downscale_factor: scale scalefactor factor blocksize r downscale
exponent: power y
shifts: shift
value: scalar constant constantvalue number other y
min: minvalue minval clipvaluemin low lower
max: maxvalue maxval clipvaluemax high upper
mode: paddingmode method interpolation resamplemode granularity
p: ord rate droprate dropprob dropoutratio dropoutrate prob probability ratio
eps: epsilon varianceepsilon
affine: scale learnable center
negative_slope: alpha slope negativeslopecoefficient leakiness leak
alpha: scale
min_val: min minvalue clipvaluemin low
max_val: max maxvalue clipvaluemax high
ceil_mode: ceil ceilmode
count_include_pad: includepad
keepdim: keepdims
chunks: numsplit numorsizesplits sections splitsizeorsections numsplits
start: begin begins starts offset
stop: end ends
step: stepsize strides
expansion: expandratio expandfactor expansionfactor
reduction: ratio reductionratio seratio squeezeratio
growth_rate: growth k
init_value: gamma initvalues layerscaleinit
normalized_shape: normshape shape
num_parameters: numparams
norm_type: norm p ord
ord: p normtype order
drop_path: droppathrate stochasticdepthprob
drop_rate: dropout
dropout_p: dropout attndrop attndropout attentiondropout dropoutrate
dropout: dropoutp attndrop attndropout attentiondropout dropoutrate
"""

_NEVER = {
    "keepprob keeprate survivalprob": "`p` is the probability that a number is dropped: one minus this",
    "decay": "`momentum` is the share of the new statistics: one minus this",
    "nobias withoutbias": "write `bias: false`",
    "noaffine": "write `affine: false`",
    "noaligncorners": "write `align_corners: false`",
    "countexcludepad": "write `count_include_pad: false`",
    "inputchannels": "leave it out: it follows from the input",
    "depthradius": "`size` is the number of channels: twice this, plus 1",
    "activation activationfn act nonlinearity": "an activation is a node of its own: `relu: relu`",
    "norm normalization batchnormalize usebn": "a norm is a node of its own: `bn: batch_norm`",
    "embeddim kdim vdim dmodel": "leave it out: it follows from the input",
    "batchfirst needweights": "leave it out: the batch comes first, and the weights of attention are no output",
    "keypaddingmask srckeypaddingmask paddingmask": (
        "the padding mask of the keys is the fourth operand of `multi_head_attention`: `from: [q, k, v, mask]`"
    ),
    "addbiaskv addzeroattn biask biasv": "no op has it: a key for all is a `parameter` that is joined to the keys",
    "attnmask attnbias": "a mask is the fourth operand of `scaled_dot_product_attention`",
    "inplace": "leave it out: it changes no figure, and the emitted source overwrites what nobody needs",
    "dataformat device dtype": "leave it out: channels come first, and the emitted source is plain PyTorch",
    "inputshape inputdim batchinputshape inshape": "leave it out: it follows from the input",
    "returnindices": "leave it out: the places of the maxima of a node `pool` are `pool.indices`",
    "outputpadding": "only `conv_transpose` has it",
    "weightfiller biasfiller kernelinitializer biasinitializer initializer weightsinit": (
        "how weights begin stands in `init:` at the top of the file"
    ),
    "paddingmode": "only `conv` has it; elsewhere a node `{op: pad, padding: 1, mode: reflect}` stands above",
    "type": "the kind of a node is `op:`, `block:` or `graph:`",
}


def _table(lines: str) -> dict[str, list[str]]:
    """Our names by those of other tools."""
    table: dict[str, list[str]] = {}
    for line in lines.replace("\n    ", " ").split("\n"):
        ours, _, theirs = line.partition(": ")
        for name in theirs.split():
            table.setdefault(name, []).append(ours)
    return table


def _spread(texts: dict[str, str]) -> dict[str, str]:
    return {name: text for names, text in texts.items() for name in names.split()}


NAMES = _table(_NAMES)
"""What other tools call an op or block of ours."""
ELSEWHERE = _spread(_ELSEWHERE)
"""What is no op or block here, and how to write it."""
ARGUMENTS = _table(_ARGUMENTS)
"""What other tools call an argument of ours; the op decides which of several it is."""
NEVER = _spread(_NEVER)
"""What is no argument here, and what to do."""
_LEAST_LENGTH, _MOST_LENGTH = 5, 40
_LONGEST = 200
"""Characters of a name that are looked at, from its end; a text of megabytes may stand in the place of a name."""


def plain(name: str) -> str:
    """A name without case, signs, and the packages before it."""
    return re.sub(r"[^a-z0-9]", "", name[-_LONGEST:].rpartition(".")[2].lower())


def _forms(name: str) -> list[str]:
    """The forms of a name that are looked up: as it is, without dimensions, without the word layer."""
    word = plain(name)
    flat = re.sub(r"[123]d", "", word)
    return list(dict.fromkeys([word, flat, re.sub(r"^layer|layer$|^op|op$", "", flat)]))


def ours(name: str, known: Iterable[str]) -> str:
    """The known op or block that another tool's name means; empty where there is none."""
    by_form = {plain(each): each for each in known}
    for form in _forms(name):
        if form in by_form:
            return by_form[form]
        for each in NAMES.get(form, ()):
            if each in by_form.values():
                return each
    return ""


def name_hint(name: str, known: Collection[str]) -> str:
    """How to write what another tool calls so, or what is known of a similar name; empty where nothing is."""
    return _hint(name, known) or _hint(similar(name, known), known)


def similar(name: str, known: Collection[str]) -> str:
    """A known name, or one of another tool's, of which this is a misspelling; empty where there is none."""
    return nearest(plain(name), map(plain, known)) or _nearest_foreign(plain(name))


def _hint(name: str, known: Collection[str]) -> str:
    meant = ours(name, known)
    if meant:
        return Help.instead(f"did you mean `{meant}`?", meant)
    return next((ELSEWHERE[form] for form in _forms(name) if form in ELSEWHERE), "")


def _nearest_foreign(word: str) -> str:
    """Another tool's name that is misspelt; short ones are near to too much."""
    names = [name for name in (*NAMES, *ELSEWHERE) if len(name) >= _LEAST_LENGTH]
    near = get_close_matches(word, names, n=1, cutoff=0.85) if len(word) <= _MOST_LENGTH else []
    return near[0] if near else ""


def argument(name: str, known: Collection[str]) -> str:
    """The known argument that another tool's name, or a misspelt one, means; empty where there is none."""
    name = name.partition(":")[0]
    word = plain(name)
    same: list[str] = [each for each in known if plain(each) == word]
    for each in same + ARGUMENTS.get(word, []):
        if each in known:
            return each
    if word in NEVER:
        return ""
    return nearest(name, known)


def argument_hint(name: str, known: Collection[str], also: Iterable[str]) -> str:
    """How to write what another tool calls so, or which argument is similar; else those that there are.

    Args:
        name: The name that stands there.
        known: The arguments that there are.
        also: Further words to compare with, which are not listed.
    """
    meant = "" if ":" in name else argument(name, known)
    if meant:
        return Help.instead(f"did you mean `{meant}`?", meant)
    if never := NEVER.get(plain(name)):
        return Help.removal(never) if never.startswith("leave it out") else never
    return removable(did_you_mean(name, known, also))
