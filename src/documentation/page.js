// Starts Swagger UI on the document of this service, and adds what it lacks to be tried out at once.
'use strict';

const FORM = 'application/x-www-form-urlencoded';

/** Two services below one address do not share what is kept. */
const KEPT_AS = `authorized at ${location.pathname}`;

/** Credentials survive a reload, and end with the tab: Swagger UI itself would keep them on the disk. */
const credentialsOfTab = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        persistAuthorizationIfNeeded: (original, { authSelectors }) => () => {
          sessionStorage.setItem(KEPT_AS, JSON.stringify(authSelectors.authorized().toJS()));
        },
      },
    },
  },
});

function restoreCredentials(ui) {
  const kept = sessionStorage.getItem(KEPT_AS);
  if (kept) ui.authActions.restoreAuthorization({ authorized: JSON.parse(kept) });
}

/** Optional parameters begin empty, with their example beside them: sent along, it would ask for something else. */
const emptyOptionalParameters = () => ({
  wrapComponents: {
    parameterRow: (Original, { React }) => (props) => {
      if (!props.rawParam || props.rawParam.get('required')) return React.createElement(Original, props);
      const { specSelectors } = props;
      const withoutExample = (parameter) =>
        parameter && parameter.delete('example').deleteIn(['schema', 'example']).deleteIn(['schema', 'default']);
      const selectors = {
        ...specSelectors,
        parameterWithMetaByIdentity: (...wanted) => withoutExample(specSelectors.parameterWithMetaByIdentity(...wanted)),
      };
      return React.createElement(Original, { ...props, param: withExample(props.param), specSelectors: selectors });
    },
  },
});

/** The example as part of the description: Swagger UI shows it only where nothing can be tried out. */
function withExample(parameter) {
  const example = parameter && parameter.get('example');
  if (example === undefined || example === null) return parameter;
  const description = parameter.get('description') || '';
  return parameter.set('description', `${description.trim()}\n\nExample: \`${example}\``).delete('example');
}

/** Forms are filled in from a named example; a field that it does not have stays empty and is not sent. */
const formsFromExamples = () => ({
  wrapComponents: {
    RequestBody: (Original, { React }) => (props) => {
      const content = props.requestBody && props.requestBody.get('content');
      const media = props.contentType || (content && content.keySeq().first());
      const examples = content && content.getIn([media, 'examples']);
      if (media !== FORM || !examples || !examples.size) return React.createElement(Original, props);
      const chosen = examples.has(props.activeExamplesKey) ? props.activeExamplesKey : examples.keySeq().first();
      const value = (key, field) => examples.getIn([key, 'value', field], '');
      const properties = ['content', media, 'schema', 'properties'];
      const choose = (key, { isSyntheticChange }) => {
        props.updateActiveExamplesKey(key);
        if (isSyntheticChange) return;
        content.getIn([media, 'schema', 'properties']).forEach((_, field) => {
          props.onChange(value(key, field), [field]);
        });
      };
      const form = {
        ...props,
        requestBody: props.requestBody.updateIn(properties, (fields) =>
          fields.map((schema, field) => schema.set('example', value(chosen, field)))),
        fn: { ...props.fn, getSampleSchema: (schema) => schema.get('example') },
        getComponent: (name, ...more) => (name === 'ParameterIncludeEmpty' ? () => null : props.getComponent(name, ...more)),
      };
      const ExamplesSelect = props.getComponent('ExamplesSelect');
      return React.createElement(
        React.Fragment,
        null,
        React.createElement(ExamplesSelect, { examples, currentExampleKey: chosen, onSelect: choose }),
        React.createElement(Original, form),
      );
    },
  },
});

/** Failures are listed by what they mean; the example of one is shown when somebody asks for it. */
const foldedFailures = () => ({
  wrapComponents: {
    response: (Original, { React }) => (props) => {
      const [isOpen, open] = React.useState(false);
      if (Number(props.code) < 400) return React.createElement(Original, props);
      const status = React.createElement('td', { className: 'response-col_status' }, props.code);
      const button = React.createElement(
        'button',
        { type: 'button', className: 'kontor-failure', 'aria-expanded': isOpen, onClick: () => open(!isOpen) },
        plain(props.response.get('description')),
      );
      const summary = React.createElement(
        'tr',
        { className: 'response', 'data-code': props.code },
        status,
        React.createElement('td', { className: 'response-col_description' }, button),
      );
      return React.createElement(React.Fragment, null, summary, isOpen && React.createElement(Original, props));
    },
  },
});

/** A text without the marks of code. */
function plain(markdown) {
  return (markdown || '').replaceAll('`', '').trim();
}

/** The window for credentials begins with the first of them; each of its fields wants the focus, and the last one gets it. */
const firstCredentialFirst = () => ({
  wrapComponents: {
    authorizationPopup: (Original, { React }) => (props) => {
      React.useEffect(() => {
        const field = document.querySelector('.modal-ux-content input');
        if (field) field.focus();
      }, []);
      return React.createElement(Original, props);
    },
  },
});

/** A text with headings is laid out section by section, so that no column ends within one. */
const textInSections = () => ({
  wrapComponents: {
    Markdown: (Original, { React }) => (props) => {
      const sections = (props.source || '').split(/^(?=## )/m);
      if (sections.length === 1) return React.createElement(Original, props);
      const section = (source, key) =>
        React.createElement('section', { key }, React.createElement(Original, { ...props, source }));
      return React.createElement('div', { className: 'kontor-sections' }, sections.map(section));
    },
  },
});

/** What somebody may look for, by words and by path: on each page what is there. */
const SOUGHT = [
  ['log in', '/private/kyc'],
  ['have a code sent', '/solve'],
];

/** The filter finds operations by their summary, path and id, and by their tag. */
const filterForAll = () => ({
  fn: {
    opsFilter: (tags, phrase) => {
      const wanted = phrase.trim().toLowerCase();
      const isMeant = (text) => typeof text === 'string' && text.toLowerCase().includes(wanted);
      const isFound = (one) =>
        [['path'], ['operation', 'summary'], ['operation', 'operationId']].some((place) => isMeant(one.getIn(place)));
      const found = tags.map((tag, name) => (isMeant(name) ? tag : tag.update('operations', (all) => all.filter(isFound))));
      return found.filter((tag) => tag.get('operations').size > 0);
    },
  },
  wrapComponents: {
    FilterContainer: (_, { React }) => ({ layoutActions, layoutSelectors, specSelectors }) => {
      const isThere = (place) => specSelectors.paths().some((_, path) => path.startsWith(place));
      const [words, place] = SOUGHT.find(([, place]) => isThere(place)) || SOUGHT[0];
      const current = layoutSelectors.currentFilter();
      return React.createElement(
        'div',
        { className: 'wrapper kontor-filter' },
        React.createElement('input', {
          type: 'search',
          placeholder: `Find an operation, such as “${words}” or “${place}”`,
          'aria-label': 'Find an operation',
          value: typeof current === 'string' ? current : '',
          onChange: (event) => layoutActions.updateFilter(event.target.value || true),
        }),
      );
    },
  },
});

/** Only what somebody gave to this page is sent; where it is wrong, the answer says so, and not a window of the browser. */
function withoutBrowsersCredentials(request) {
  request.credentials = 'omit';
  request.curlOptions = [];
  return request;
}

window.addEventListener('load', () => {
  window.ui = SwaggerUIBundle({
    url: '../openapi.json',
    dom_id: '#swagger-ui',
    layout: 'BaseLayout',
    plugins: [credentialsOfTab, firstCredentialFirst, emptyOptionalParameters, formsFromExamples, foldedFailures, textInSections, filterForAll],
    deepLinking: true,
    filter: true,
    tryItOutEnabled: true,
    displayOperationId: true,
    displayRequestDuration: true,
    requestSnippetsEnabled: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: withoutBrowsersCredentials,
    onComplete: () => restoreCredentials(window.ui),
  });
});
